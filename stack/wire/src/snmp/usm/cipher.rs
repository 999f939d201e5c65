//! Encryption of scoped PDUs.

use super::PrivProtocol;
use aes::cipher::{Array, InnerIvInit};
use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::{
    Block, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyInit,
};
use cfb_mode::{BufDecryptor, BufEncryptor};
use des::{Des, TdesEde3};

/// A key, ready for use.
pub(super) enum Cipher {
    /// With its pre-IV.
    Des(Box<Des>, [u8; 8]),
    TripleDes(Box<TdesEde3>, [u8; 8]),
    Aes128(Box<Aes128>),
    Aes192(Box<Aes192>),
    Aes256(Box<Aes256>),
}

impl Cipher {
    /// `None`: the key is too short, which [`extend`](super::key) rules out.
    pub(super) fn new(protocol: PrivProtocol, key: &[u8]) -> Option<Self> {
        Some(match protocol {
            PrivProtocol::Des => {
                let (key, pre_iv) = key.split_first_chunk::<8>()?;
                Self::Des(Box::new(Des::new(key.into())), *pre_iv.first_chunk()?)
            }
            PrivProtocol::TripleDes => {
                let (key, pre_iv) = key.split_first_chunk::<24>()?;
                Self::TripleDes(Box::new(TdesEde3::new(key.into())), *pre_iv.first_chunk()?)
            }
            PrivProtocol::Aes128 => Self::Aes128(Box::new(Aes128::new(key.first_chunk::<16>()?.into()))),
            PrivProtocol::Aes192 | PrivProtocol::Aes192Cisco => {
                Self::Aes192(Box::new(Aes192::new(key.first_chunk::<24>()?.into())))
            }
            PrivProtocol::Aes256 | PrivProtocol::Aes256Cisco => {
                Self::Aes256(Box::new(Aes256::new(key.first_chunk::<32>()?.into())))
            }
        })
    }

    /// Encrypts in place and gives msgPrivacyParameters. `salt` must never come twice within one `boots`; of DES's only
    /// the low half counts (RFC 3414 §8.1.1.1: the high half is `boots`).
    pub(super) fn encrypt(&self, boots: u32, time: u32, salt: u64, text: &mut Vec<u8>) -> [u8; 8] {
        let des_salt = || (u64::from(boots) << 32 | salt & 0xffff_ffff).to_be_bytes();
        match self {
            Self::Des(cipher, pre_iv) => {
                cbc_encrypt(cipher.as_ref(), xor(*pre_iv, des_salt()), text);
                des_salt()
            }
            Self::TripleDes(cipher, pre_iv) => {
                cbc_encrypt(cipher.as_ref(), xor(*pre_iv, des_salt()), text);
                des_salt()
            }
            Self::Aes128(cipher) => cfb_encrypt(cipher.as_ref(), boots, time, salt, text),
            Self::Aes192(cipher) => cfb_encrypt(cipher.as_ref(), boots, time, salt, text),
            Self::Aes256(cipher) => cfb_encrypt(cipher.as_ref(), boots, time, salt, text),
        }
    }

    /// `None`: msgPrivacyParameters or the text have a length that cannot be. DES's padding is still there.
    pub(super) fn decrypt(&self, boots: u32, time: u32, parameters: &[u8], text: &[u8]) -> Option<Vec<u8>> {
        let salt: [u8; 8] = parameters.try_into().ok()?;
        let mut text = text.to_vec();
        match self {
            Self::Des(cipher, pre_iv) => cbc_decrypt(cipher.as_ref(), xor(*pre_iv, salt), &mut text)?,
            Self::TripleDes(cipher, pre_iv) => cbc_decrypt(cipher.as_ref(), xor(*pre_iv, salt), &mut text)?,
            Self::Aes128(cipher) => cfb_decrypt(cipher.as_ref(), boots, time, salt, &mut text),
            Self::Aes192(cipher) => cfb_decrypt(cipher.as_ref(), boots, time, salt, &mut text),
            Self::Aes256(cipher) => cfb_decrypt(cipher.as_ref(), boots, time, salt, &mut text),
        }
        Some(text)
    }
}

fn xor(a: [u8; 8], b: [u8; 8]) -> [u8; 8] {
    (u64::from_be_bytes(a) ^ u64::from_be_bytes(b)).to_be_bytes()
}

/// DES works on blocks of 8 bytes; the last one is filled with zero bytes, which follow the scoped PDU and so are told
/// from it by its length (RFC 3414 §8.1.1.2).
fn cbc_encrypt<C: BlockCipherEncrypt<BlockSize = cbc::cipher::consts::U8>>(
    cipher: &C,
    iv: [u8; 8],
    text: &mut Vec<u8>,
) {
    text.resize(text.len().next_multiple_of(8), 0);
    let (blocks, _) = Array::slice_as_chunks_mut(text);
    cbc::Encryptor::<&C>::inner_iv_init(cipher, &iv.into()).encrypt_blocks(blocks);
}

fn cbc_decrypt<C: BlockCipherDecrypt<BlockSize = cbc::cipher::consts::U8>>(
    cipher: &C,
    iv: [u8; 8],
    text: &mut [u8],
) -> Option<()> {
    if text.is_empty() || !text.len().is_multiple_of(8) {
        return None;
    }
    let (blocks, _) = Array::slice_as_chunks_mut(text);
    cbc::Decryptor::<&C>::inner_iv_init(cipher, &iv.into()).decrypt_blocks(blocks);
    Some(())
}

/// Boots, time and salt, one after the other (RFC 3826 §3.1.2.1).
fn aes_iv(boots: u32, time: u32, salt: [u8; 8]) -> [u8; 16] {
    (u128::from(boots) << 96 | u128::from(time) << 64 | u128::from(u64::from_be_bytes(salt))).to_be_bytes()
}

fn cfb_encrypt<C>(cipher: &C, boots: u32, time: u32, salt: u64, text: &mut [u8]) -> [u8; 8]
where
    C: BlockCipherEncrypt<BlockSize = cbc::cipher::consts::U16>,
{
    let salt = salt.to_be_bytes();
    let iv: Block<C> = aes_iv(boots, time, salt).into();
    BufEncryptor::<&C>::inner_iv_init(cipher, &iv).encrypt(text);
    salt
}

fn cfb_decrypt<C>(cipher: &C, boots: u32, time: u32, salt: [u8; 8], text: &mut [u8])
where
    C: BlockCipherEncrypt<BlockSize = cbc::cipher::consts::U16>,
{
    let iv: Block<C> = aes_iv(boots, time, salt).into();
    BufDecryptor::<&C>::inner_iv_init(cipher, &iv).decrypt(text);
}

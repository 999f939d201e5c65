//! Being let in over SSH (RFC 4252, RFC 4256).

use std::{path::Path, sync::Arc};

use russh::{
    MethodKind,
    client::{AuthResult, Handle, Handler, KeyboardInteractiveAuthResponse},
    keys::{self, PrivateKeyWithHashAlg, load_secret_key},
};

use fencelab_wire::Secret;

use crate::{LinkError, SshLogin, Target};

/// So often a device may ask for something before that counts as a refusal.
const ROUNDS: u32 = 8;

/// Logs in with what there is: the key, or the password by whichever method the device offers.
pub(super) async fn log_in<H: Handler>(
    session: &mut Handle<H>,
    target: &Target,
    login: &SshLogin,
    key: Option<keys::PrivateKey>,
) -> Result<(), LinkError> {
    let io =
        |error: russh::Error| LinkError::Io { target: target.clone(), why: format!("no SSH login: {error}") };
    let denied = |why: String| LinkError::Denied { target: target.clone(), why };
    if let Some(key) = key {
        // A device that says nothing of the hashes it takes knows the oldest one only (RFC 8332 §3.3).
        let hash = session.best_supported_rsa_hash().await.map_err(io)?.flatten();
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        return match session.authenticate_publickey(&login.user, key).await.map_err(io)? {
            AuthResult::Success => Ok(()),
            AuthResult::Failure { remaining_methods, .. } => {
                Err(denied(format!("the key is refused; it takes {}", names(&remaining_methods))))
            }
        };
    }
    // Some devices let everybody in here and ask in the terminal; the others say what they take.
    let methods = match session.authenticate_none(&login.user).await.map_err(io)? {
        AuthResult::Success => return Ok(()),
        AuthResult::Failure { remaining_methods, .. } => remaining_methods,
    };
    let Some(password) = &login.password else {
        return Err(denied(format!("there is no password to offer; it takes {}", names(&methods))));
    };
    let password = String::from_utf8_lossy(password.expose()).into_owned();
    if methods.contains(&MethodKind::Password) {
        return match session.authenticate_password(&login.user, password).await.map_err(io)? {
            AuthResult::Success => Ok(()),
            AuthResult::Failure { .. } => Err(denied("user name or password are refused".to_owned())),
        };
    }
    if !methods.contains(&MethodKind::KeyboardInteractive) {
        return Err(denied(format!("it takes no password, but {}", names(&methods))));
    }
    let mut reply =
        session.authenticate_keyboard_interactive_start(&login.user, None::<String>).await.map_err(io)?;
    for _ in 0..ROUNDS {
        reply = match reply {
            KeyboardInteractiveAuthResponse::Success => return Ok(()),
            KeyboardInteractiveAuthResponse::Failure { .. } => break,
            KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. } => {
                // What may be seen on the screen is no password.
                let answer = |prompt: &russh::client::Prompt| {
                    if prompt.echo { login.user.clone() } else { password.clone() }
                };
                let answers = prompts.iter().map(answer).collect();
                session.authenticate_keyboard_interactive_respond(answers).await.map_err(io)?
            }
        };
    }
    Err(denied("user name or password are refused".to_owned()))
}

/// The private key, if there is to be one; a password is its passphrase.
pub(super) fn key(login: &SshLogin) -> Result<Option<keys::PrivateKey>, LinkError> {
    login.identity.as_deref().map(|identity| private_key(identity, login.password.as_ref())).transpose()
}

/// Reads a private key.
///
/// # Errors
/// The file cannot be read, is no private key, or is encrypted with another passphrase.
pub fn private_key(identity: &Path, passphrase: Option<&Secret>) -> Result<keys::PrivateKey, LinkError> {
    let passphrase = passphrase.map(|passphrase| String::from_utf8_lossy(passphrase.expose()).into_owned());
    let passphrase = passphrase.filter(|passphrase| !passphrase.is_empty());
    // A key without a passphrase may be given together with one.
    let loaded = load_secret_key(identity, None).or_else(|error| match passphrase {
        Some(passphrase) => load_secret_key(identity, Some(&passphrase)),
        None => Err(error),
    });
    loaded.map_err(|error| LinkError::File {
        path: identity.display().to_string(),
        why: match error {
            keys::Error::KeyIsEncrypted => "the key is encrypted; the password is its passphrase".to_owned(),
            error => format!("no private key: {error}"),
        },
    })
}

fn names(methods: &[MethodKind]) -> String {
    let names: Vec<&str> = methods.iter().map(<&str>::from).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

//! A password is given by whichever method a device takes. The server is of the library that the link uses, as no system's
//! `sshd` has a user whose password a test could know; OpenSSH's own stands opposite to the agents, with keys.
#![cfg(feature = "ssh")]

use std::{borrow::Cow, net::SocketAddr, sync::Arc, time::Duration};

use fencelab_link::{Heard, LinkError, SshLogin, Stream, Target, Way, World, live::LiveWorld};
use russh::{
    Channel, ChannelId, MethodKind, MethodSet,
    keys::{PrivateKey, ssh_key::private::Ed25519Keypair},
    server::{Auth, ChannelOpenHandle, Config, Handler, Msg, Response, Session, run_stream},
};
use tokio::{net::TcpListener, runtime::Runtime};

const PASSWORD: &str = "geheim-und-lang";

/// A device that takes one method only, and says back what it hears.
#[derive(Clone)]
struct Device(MethodKind);

impl Handler for Device {
    type Error = russh::Error;

    async fn auth_none(&mut self, _: &str) -> Result<Auth, russh::Error> {
        Ok(if self.0 == MethodKind::None { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, russh::Error> {
        let right = self.0 == MethodKind::Password && user == "admin" && password == PASSWORD;
        Ok(if right { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        user: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, russh::Error> {
        let Some(mut response) = response else {
            let prompts = vec![(Cow::Borrowed("Password: "), false)];
            return Ok(Auth::Partial { name: "".into(), instructions: "".into(), prompts: prompts.into() });
        };
        let right = user == "admin" && response.next().as_deref() == Some(PASSWORD.as_bytes());
        Ok(if right { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        _: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        reply.accept().await;
        Ok(())
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), russh::Error> {
        session.channel_success(channel)?;
        session.data(channel, b"hpiLO-> ".to_vec())
    }

    async fn data(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.data(channel, data.to_vec())?;
        if data == b"exit\r" {
            session.close(channel)?;
        }
        Ok(())
    }
}

/// The device on a port of the kernel's choice, until the runtime is dropped.
fn serve(method: MethodKind) -> (Runtime, SocketAddr) {
    let runtime = Runtime::new().expect("a runtime");
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&[7; 32]));
    let config = Arc::new(Config {
        keys: vec![key],
        methods: MethodSet::from(&[method][..]),
        auth_rejection_time: Duration::ZERO,
        ..Config::default()
    });
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("loopback has a free port");
    let address = listener.local_addr().expect("its address");
    runtime.spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            if let Ok(session) = run_stream(Arc::clone(&config), socket, Device(method)).await {
                tokio::spawn(session);
            }
        }
    });
    (runtime, address)
}

fn open(world: &mut LiveWorld, address: SocketAddr, password: &str) -> Result<Box<dyn Stream>, LinkError> {
    let login = SshLogin { user: "admin".into(), password: Some(password.into()), ..SshLogin::default() };
    let until = world.now() + Duration::from_secs(30);
    world.stream(&Target::new("127.0.0.1", address.port()), &Way::Ssh(login), until)
}

#[test]
fn a_password_goes_by_the_method_that_the_device_takes() {
    for method in [MethodKind::Password, MethodKind::KeyboardInteractive, MethodKind::None] {
        let (_runtime, address) = serve(method);
        let lines = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let keep = std::rc::Rc::clone(&lines);
        let mut world = LiveWorld::new(move |_, line| keep.borrow_mut().push(line.to_owned()));
        let mut link =
            open(&mut world, address, PASSWORD).unwrap_or_else(|error| panic!("{method:?}: {error}"));
        let until = world.now() + Duration::from_secs(30);
        assert_eq!(link.receive(until), Ok(Heard::Bytes(b"hpiLO-> ".to_vec())), "{method:?}");
        link.send(b"show\r").unwrap();
        assert_eq!(link.receive(until), Ok(Heard::Bytes(b"show\r".to_vec())), "{method:?}");
        assert_eq!(link.receive(world.now()), Ok(Heard::Silence));
        link.send(b"exit\r").unwrap();
        assert_eq!(link.receive(until), Ok(Heard::Bytes(b"exit\r".to_vec())), "{method:?}");
        assert_eq!(link.receive(until), Ok(Heard::End), "{method:?}");
        assert!(lines.borrow()[0].contains("ssh-ed25519 SHA256:"), "{:?}", lines.borrow());
    }
}

#[test]
fn a_wrong_password_is_a_refusal_without_the_password() {
    for method in [MethodKind::Password, MethodKind::KeyboardInteractive] {
        let (_runtime, address) = serve(method);
        let error = open(&mut LiveWorld::quiet(), address, "hunter22").err().expect("refused");
        assert!(matches!(error, LinkError::Denied { .. }), "{method:?}: {error}");
        assert!(!error.to_string().contains("hunter22"), "{error}");
    }
}

#[test]
fn what_listens_and_says_nothing_is_given_up_in_time() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut world = LiveWorld::quiet();
    let target = Target::new("127.0.0.1", listener.local_addr().unwrap().port());
    let until = world.now() + Duration::from_millis(200);
    let error = world.stream(&target, &Way::Ssh(SshLogin::default()), until).err().expect("silence");
    assert!(matches!(error, LinkError::Unreachable { .. }), "{error}");
    assert!(world.now() >= until);
}

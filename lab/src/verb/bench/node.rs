//! `fencelab bench node`: a node of a bench that another machine leads.

use std::ffi::OsString;
use std::io::BufReader;
use std::net::{IpAddr, SocketAddr, TcpListener};

use anyhow::anyhow;
use clap::Args;

use crate::exit::{Exit, Failure, OrExit};
use crate::output;

/// Options of `bench node`.
#[derive(Args, Debug)]
pub(crate) struct NodeArgs {
    /// Where orders are taken, and on which address transports are opened. Port 0: the kernel chooses.
    ///
    /// Whoever reaches this port can have the node send traffic to any address, and nothing else. Listen only on a network whose
    /// machines you trust.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:0")]
    listen: SocketAddr,
}

/// Options of the hidden `bench worker`.
#[derive(Args, Debug)]
pub(crate) struct WorkerArgs {
    /// Where transports are opened unless the bench says otherwise.
    #[arg(long)]
    ip: Option<IpAddr>,
}

/// What makes the process of a node; `--ip` and an address may be put behind it.
pub(super) fn worker() -> Result<Vec<OsString>, Failure> {
    let own = std::env::current_exe()
        .map_err(|error| anyhow!("cannot find this program: {error}"))
        .or_exit(Exit::System)?;
    Ok(vec![own.into(), "bench".into(), "worker".into()])
}

pub(super) fn serve(args: &NodeArgs) -> Result<Exit, Failure> {
    let network = |error: std::io::Error| anyhow!("cannot listen on {}: {error}", args.listen);
    let listener = TcpListener::bind(args.listen).map_err(network).or_exit(Exit::Network)?;
    let address = listener.local_addr().map_err(network).or_exit(Exit::Network)?;
    output::line(format_args!(
        "a node at {address}; lead it with `fencelab bench fabric --node {address} ...`"
    ))?;
    let mut worker = worker()?;
    worker.extend(["--ip".into(), address.ip().to_string().into()]);
    fencelab_fabric::serve(&listener, &worker).map_err(network).or_exit(Exit::Network)?;
    Ok(Exit::Success)
}

pub(super) fn work(args: &WorkerArgs) -> Result<Exit, Failure> {
    // Who leads has gone: nobody is left to tell.
    let _ = fencelab_fabric::work(BufReader::new(std::io::stdin()), std::io::stdout(), args.ip);
    Ok(Exit::Success)
}

//! Two or more nodes pass messages over one transport: small enough to be compared with perftest, line by line.
//!
//! ```text
//! pingpong node=0 nodes=2 ip=10.77.0.1 meet=10.77.0.1:7000 transport=rc waiting=polled load=latency size=64,1024 count=5000
//! pingpong node=1 nodes=2 ip=10.77.0.2 meet=10.77.0.1:7000 transport=rc waiting=polled load=latency size=64,1024 count=5000
//! ```
//!
//! `load=latency`: a message goes round all nodes; told is the time of a round by the number of nodes. `load=stream`: the first
//! node sends to the second as fast as it can; told is what arrives. `load=survive`: the first node sends to all others for
//! `count` milliseconds, whatever happens to them, and tells what each said in the end. Addresses go about over TCP, by the first
//! node.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use fencelab_fabric::transport::{Kind, Place, To, Transport, Waiting};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// A message that takes longer is lost.
const PATIENCE: Duration = Duration::from_secs(3);
/// Rounds that are not counted, where there are more than these.
const WARMING: usize = 100;
/// How long the others are waited for at the meeting.
const MEETING: Duration = Duration::from_secs(20);
/// After so long without a message a stream is at its end.
const QUIET: Duration = Duration::from_millis(300);

struct Options {
    node: usize,
    nodes: usize,
    ip: IpAddr,
    meet: String,
    transport: Kind,
    waiting: Waiting,
    load: String,
    sizes: Vec<usize>,
    count: usize,
    device: Option<String>,
}

impl Options {
    fn read() -> Result<Self> {
        let given: BTreeMap<String, String> = std::env::args()
            .skip(1)
            .filter_map(|word| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
            .collect();
        let get = |name: &str| given.get(name).cloned().ok_or_else(|| format!("`{name}=…` is missing"));
        Ok(Self {
            node: get("node")?.parse()?,
            nodes: get("nodes")?.parse()?,
            ip: get("ip")?.parse()?,
            meet: get("meet")?,
            transport: get("transport")?.parse()?,
            waiting: match get("waiting")?.as_str() {
                "events" => Waiting::Events,
                "polled" => Waiting::Polled,
                other => return Err(format!("`{other}` is no way of waiting: events or polled").into()),
            },
            load: get("load")?,
            sizes: get("size")?.split(',').map(str::parse).collect::<std::result::Result<_, _>>()?,
            count: get("count")?.parse()?,
            device: given.get("device").cloned(),
        })
    }
}

/// Connections for words, from the first node to each other one.
struct Meeting {
    others: Vec<BufReader<TcpStream>>,
}

impl Meeting {
    fn hold(options: &Options) -> Result<Self> {
        let mut others = Vec::new();
        if options.node == 0 {
            let listener = TcpListener::bind(&options.meet)?;
            let mut numbered = BTreeMap::new();
            while numbered.len() + 1 < options.nodes {
                let mut other = BufReader::new(listener.accept()?.0);
                numbered.insert(hear(&mut other)?.parse::<usize>()?, other);
            }
            others.extend(numbered.into_values());
        } else {
            let start = Instant::now();
            let mut stream = loop {
                match TcpStream::connect(&options.meet) {
                    Ok(stream) => break stream,
                    Err(error) if start.elapsed() > MEETING => return Err(error.into()),
                    Err(_) => std::thread::sleep(Duration::from_millis(20)),
                }
            };
            say(&mut stream, &options.node.to_string())?;
            others.push(BufReader::new(stream));
        }
        Ok(Self { others })
    }

    /// Everyone's word, to everyone.
    fn gather(&mut self, node: usize, own: &str) -> Result<Vec<String>> {
        if node == 0 {
            let mut words = vec![own.to_owned()];
            for other in &mut self.others {
                words.push(hear(other)?);
            }
            let all = words.join("\t");
            self.others.iter_mut().try_for_each(|other| say(other.get_mut(), &all))?;
            return Ok(words);
        }
        let first = self.others.first_mut().ok_or("alone")?;
        say(first.get_mut(), own)?;
        Ok(hear(first)?.split('\t').map(str::to_owned).collect())
    }
}

fn say(stream: &mut TcpStream, word: &str) -> Result<()> {
    Ok(stream.write_all(format!("{word}\n").as_bytes())?)
}

fn hear(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Err("the other node is gone".into());
    }
    Ok(line.trim_end().to_owned())
}

fn main() -> Result<()> {
    let options = Options::read()?;
    let mut meeting = Meeting::hold(&options)?;
    for size in &options.sizes {
        let place = Place {
            ip: options.ip,
            nodes: options.nodes,
            message: *size,
            waiting: options.waiting,
            device: options.device.clone(),
        };
        let unlinked = options.transport.open(&place)?;
        let addresses = meeting.gather(options.node, unlinked.address())?;
        let mut transport = unlinked.link(options.node, &addresses)?;
        meeting.gather(options.node, "linked")?;
        println!("linked");
        let told = match options.load.as_str() {
            _ if *size > transport.limits().message => {
                format!("{} B is too long: {:?}", size, transport.limits())
            }
            "latency" => latency(&options, transport.as_mut(), *size)?,
            "stream" => stream(&options, &mut meeting, transport.as_mut(), *size)?,
            "survive" => survive(&options, transport.as_mut(), *size)?,
            other => return Err(format!("`{other}` is no load: latency, stream or survive").into()),
        };
        if options.node == 0 || options.load == "survive" {
            let waiting = format!("{:?}", options.waiting).to_lowercase();
            println!("{} {waiting} {} {size} B: {told}", options.transport, options.load);
            println!("  {:?} {:?}", transport.limits(), transport.counters());
        }
        if options.load != "survive" {
            meeting.gather(options.node, "done")?;
        }
    }
    Ok(())
}

/// The next message, or an error if none comes.
fn next(transport: &mut dyn Transport, buffer: &mut [u8]) -> Result<usize> {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        match transport.receive(buffer, PATIENCE)? {
            Some(received) if received.bytes == buffer.len() => return Ok(received.bytes),
            Some(received) => {
                return Err(format!("{} bytes came, not {}", received.bytes, buffer.len()).into());
            }
            None => {}
        }
    }
    Err(format!("a message is lost: {:?}", transport.counters()).into())
}

fn processor_time() -> Result<Duration> {
    let usage = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF)?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    Ok(Duration::from_micros(u64::try_from(micros(usage.user_time()) + micros(usage.system_time()))?))
}

fn latency(options: &Options, transport: &mut dyn Transport, size: usize) -> Result<String> {
    let message = vec![7; size];
    let mut buffer = vec![0_u8; size];
    let after = To::Node((options.node + 1) % options.nodes);
    let mut rounds = Vec::with_capacity(options.count);
    let mut used = Duration::ZERO;
    let warming = WARMING.min(options.count);
    for round in 0..warming + options.count {
        if round == warming {
            used = processor_time()?;
        }
        let start = Instant::now();
        if options.node == 0 {
            transport.send(after, &message)?;
            next(transport, &mut buffer)?;
            if round >= warming {
                rounds.push(start.elapsed().as_secs_f64() * 1e6 / options.nodes as f64);
            }
        } else {
            let bytes = next(transport, &mut buffer)?;
            transport.send(after, buffer.get(..bytes).unwrap_or_default())?;
        }
    }
    let used = (processor_time()? - used).as_secs_f64() * 1e6 / (2 * options.count) as f64;
    rounds.sort_by(f64::total_cmp);
    let at = |share: f64| rounds.get((rounds.len().saturating_sub(1) as f64 * share) as usize).copied();
    let [least, half, most99, most] = [0.0, 0.5, 0.99, 1.0].map(|share| at(share).unwrap_or(f64::NAN));
    let mean = rounds.iter().sum::<f64>() / rounds.len() as f64;
    Ok(format!(
        "one way min {least:.1} p50 {half:.1} mean {mean:.1} p99 {most99:.1} max {most:.1} us; processor {used:.1} us a message"
    ))
}

fn stream(
    options: &Options,
    meeting: &mut Meeting,
    transport: &mut dyn Transport,
    size: usize,
) -> Result<String> {
    let message = vec![7; size];
    let mut buffer = vec![0; size];
    let (mut arrived, mut first, mut last) = (0_u32, None, Instant::now());
    let start = Instant::now();
    match options.node {
        0 => {
            for _ in 0..options.count {
                transport.send(To::Node(1), &message)?;
            }
        }
        1 => {
            while (arrived as usize) < options.count {
                let patience = if arrived == 0 { PATIENCE } else { QUIET };
                if transport.receive(&mut buffer, patience)?.is_none() {
                    break;
                }
                arrived += 1;
                last = Instant::now();
                first.get_or_insert(last);
            }
        }
        _ => {}
    }
    let sending = start.elapsed().as_secs_f64();
    let receiving = first.map_or(f64::NAN, |first| (last - first).as_secs_f64());
    let told = meeting.gather(options.node, &format!("{arrived} {receiving}"))?;
    let (arrived, receiving) =
        told.get(1).and_then(|word| word.split_once(' ')).ok_or("no word of the second node")?;
    let (arrived, receiving): (f64, f64) = (arrived.parse()?, receiving.parse()?);
    let rate = (arrived - 1.0) / receiving;
    Ok(format!(
        "{arrived} of {} arrived, {rate:.0}/s, {:.2} MB/s; sent in {sending:.2} s",
        options.count,
        rate * size as f64 / 1e6
    ))
}

/// The first node sends to all others; each of them sends back what comes, and ends when nothing does.
fn survive(options: &Options, transport: &mut dyn Transport, size: usize) -> Result<String> {
    let message = vec![7; size];
    let mut buffer = vec![0; size];
    let mut heard: BTreeMap<usize, (u64, Duration)> = BTreeMap::new();
    let start = Instant::now();
    let span = Duration::from_millis(options.count as u64);
    let mut longest = Duration::ZERO;
    let mut patience = PATIENCE;
    loop {
        if options.node == 0 {
            if start.elapsed() > span {
                break;
            }
            let sending = Instant::now();
            transport.send(To::Others, &message)?;
            longest = longest.max(sending.elapsed());
            patience = Duration::from_millis(1);
        }
        match transport.receive(&mut buffer, patience)? {
            Some(received) => {
                let entry = heard.entry(received.from).or_default();
                *entry = (entry.0 + 1, start.elapsed());
                if options.node != 0 {
                    transport
                        .send(To::Node(received.from), buffer.get(..received.bytes).unwrap_or_default())?;
                }
            }
            None if options.node != 0 => break,
            None => {}
        }
    }
    let heard: Vec<_> = heard
        .iter()
        .map(|(node, (count, last))| format!("node {node}: {count}, the last at {:.1} s", last.as_secs_f64()))
        .collect();
    Ok(format!("{}; the longest send took {longest:.1?}", heard.join("; ")))
}

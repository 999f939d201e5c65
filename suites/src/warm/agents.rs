//! The warm interpreters of a whole run of the lab, one for each script, started when it is first needed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::OnceCell;

use super::Warm;
use crate::lanes::lock;
use crate::process::{Finished, Program};

/// Warm agents, by the path of the script. An agent that cannot be warm is remembered, too.
#[derive(Debug, Default)]
pub(crate) struct WarmAgents(Mutex<BTreeMap<PathBuf, Arc<OnceCell<Option<Warm>>>>>);

impl WarmAgents {
    /// Runs a program from its warm interpreter, which is started in `folder` if there is none yet; `None`: it is to be run cold.
    pub(crate) async fn run(
        &self,
        program: &Program,
        stdin: &str,
        bound: Duration,
        folder: &Path,
    ) -> Option<Finished> {
        let cell = Arc::clone(lock(&self.0).entry(program.path.clone()).or_default());
        let warm = cell.get_or_init(|| Warm::start(&program.path, folder)).await;
        warm.as_ref()?.run(program, stdin, bound).await
    }
}

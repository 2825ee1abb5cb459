//! Client and server as two processes with files between them: this one is the client, `leveled server` the other.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::outcome::{Exchanged, ImageOutcome};
use super::preparation::Prepared;
use super::server::{self, ServerTimes};
use super::task::Task;
use super::together::{Evaluate, Evaluated, Together};
use crate::dataset::Image;
use crate::experiment::ExperimentError;
use crate::experiment::event::{Event, EventSink, Stage};
use crate::experiment::pause::Follower;
use crate::experiment::prices::KnownPrices;
use crate::experiment::store::files_beside;
use crate::experiment::subprocess::{command, this_program, watch};
use crate::experiment::trial::TrialSpec;
use crate::inference::Logits;
use crate::parties::{Answer, ClientBundle, Digits, PartyError, decrypt, encrypt, generate_keys, read_secret};
use crate::wire::WireError;

/// Directory of the server.
const SERVER: &str = "server";
/// The client's secret key.
const SECRET: &str = "secret.lev";
/// Its evaluation keys as they are sent.
const SENT: &str = "keys.lev";
/// Its encrypted images.
const UPLOAD: &str = "upload.lev";
/// Its encrypted logits.
const RESULT: &str = "result.lev";
/// Where the time of the server went.
const TIMES: &str = "times.json";

/// What the exchange of keys took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KeyFiles {
    /// Seconds of the server's process that takes the keys.
    pub prepare_seconds: f64,
    /// Bytes of the client bundle.
    pub bundle: u64,
    /// Bytes of the secret key's file.
    pub secret: u64,
    /// Bytes of the evaluation keys as they are sent.
    pub sent: u64,
    /// Bytes of the evaluation keys as the server reads them.
    pub keys: u64,
    /// Bytes of the server's plan.
    pub plan: u64,
}

/// Files of a client and of its server; they go with this value.
#[derive(Debug)]
pub struct Exchange<'p> {
    prepared: &'p Prepared,
    threads: u32,
    directory: PathBuf,
    bundle: ClientBundle,
    /// Seconds to make all keys and write them.
    pub keygen_seconds: f64,
    /// What the exchange of keys took.
    pub files: KeyFiles,
}

impl<'p> Exchange<'p> {
    /// Writes what both parties need, makes keys, and lets a process of the server take them. Files lie beside the trial's checkpoint;
    /// without one, where the system has temporary files.
    ///
    /// # Errors
    /// [`ExperimentError::Party`], [`ExperimentError::OutputNotWritable`], [`ExperimentError::Spawn`], [`ExperimentError::ServerProcess`].
    pub fn open(
        (spec, prices): (&TrialSpec, &KnownPrices),
        prepared: &'p Prepared,
        task: &Task,
        checkpoint: Option<&Path>,
        events: &mut dyn EventSink,
    ) -> Result<Self, ExperimentError> {
        let temporary = || std::env::temp_dir().join(format!("leveled-{}-{}", spec.id, std::process::id()));
        let directory = checkpoint.map_or_else(temporary, files_beside);
        // What a trial that was killed has left.
        let _ = fs::remove_dir_all(&directory);
        let unwritable = |source| ExperimentError::OutputNotWritable { path: directory.clone(), source };
        directory.parent().map_or(Ok(()), fs::create_dir_all).map_err(unwritable)?;
        // Not if somebody else has made it.
        fs::DirBuilder::new().mode(0o700).create(&directory).map_err(unwritable)?;
        let (_, bundle) = server::write_plan((spec, prices), prepared, task, &directory.join(SERVER), events)?;
        let files = KeyFiles { prepare_seconds: 0.0, bundle: 0, secret: 0, sent: 0, keys: 0, plan: 0 };
        let (threads, security) = (task.settings.threads.count(), task.settings.security);
        let mut exchange = Self { prepared, threads, directory, bundle, keygen_seconds: 0.0, files };

        let total = exchange.bundle.plan.keys() as u64;
        let start = Instant::now();
        generate_keys(&exchange.bundle, security, &exchange.path(SECRET), &exchange.path(SENT), |made| {
            events.progress(Stage::KeyGeneration, made as u64, total, "");
        })?;
        exchange.keygen_seconds = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let (server, sent) = (exchange.path(SERVER), exchange.path(SENT));
        exchange.server(&[&"prepare", &"--out", &server, &"--keys", &sent], events)?;
        exchange.files = KeyFiles {
            prepare_seconds: start.elapsed().as_secs_f64(),
            bundle: bytes(&server.join(server::BUNDLE))?,
            secret: bytes(&exchange.path(SECRET))?,
            sent: bytes(&sent)?,
            keys: bytes(&server.join(server::KEYS))?,
            plan: bytes(&server.join(server::PLAN))?,
        };
        // The server has them in its own form.
        let _ = fs::remove_file(sent);
        Ok(exchange)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// Runs `leveled server` to its end.
    fn server(&self, arguments: &[&dyn AsRef<OsStr>], events: &mut dyn EventSink) -> Result<(), ExperimentError> {
        let program = this_program()?;
        let mut command = command(&program);
        command.arg("server").args(arguments.iter().map(|argument| argument.as_ref())).arg("--supervised");
        let child = command.spawn().map_err(|source| ExperimentError::Spawn { program, source })?;
        let follower = Follower::new(child.id());
        let end = watch(child, follower, |event| {
            if let Event::Progress { .. } = event {
                events.send(event);
            }
        });
        if end.is_well() { Ok(()) } else { Err(ExperimentError::ServerProcess { reason: end.reason() }) }
    }

    /// Lets a process of the server evaluate what was encrypted.
    fn evaluate(&self, events: &mut dyn EventSink) -> Result<ServerTimes, ExperimentError> {
        let [server, upload, result, times] = [SERVER, UPLOAD, RESULT, TIMES].map(|name| self.path(name));
        let threads = self.threads.to_string();
        let arguments: [&dyn AsRef<OsStr>; 9] =
            [&"evaluate", &server, &upload, &"--out", &result, &"--times", &times, &"--threads", &threads];
        self.server(&arguments, events)?;
        ServerTimes::read(&times)
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        // Keys of gigabytes, which nobody needs again.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Evaluate for Exchange<'_> {
    /// No seed is that of two processes.
    fn skip_batch(&self, _evaluations: usize) {}

    /// Without a probe: no process has the ciphertexts of layers and the secret.
    fn batch(
        &self,
        images: &[&Image],
        _probe: bool,
        events: &mut dyn EventSink,
    ) -> Result<Vec<ImageOutcome>, ExperimentError> {
        let Self { prepared, bundle, .. } = self;
        let together = Together::of(prepared, images)?;
        let (secret, upload, result) = (self.path(SECRET), self.path(UPLOAD), self.path(RESULT));
        let start = Instant::now();
        encrypt(bundle, read_secret(bundle, &secret)?, &together.inputs, &upload, |_| ())?;
        let encryption_seconds = start.elapsed().as_secs_f64();
        let times = self.evaluate(events)?;
        let decryption = Instant::now();
        let answers = decrypt(bundle, read_secret(bundle, &secret)?, &result, Digits::All, |_, _| ())?;
        let decryption_seconds = decryption.elapsed().as_secs_f64();
        let path_seconds = start.elapsed().as_secs_f64();
        let ServerTimes { load_seconds, peak_memory_bytes, batches, .. } = times;
        let [layers] = <[_; 1]>::try_from(batches)
            .ok()
            .filter(|[layers]| layers.len() == prepared.plan.layers.len())
            .ok_or_else(|| ExperimentError::ServerProcess {
            reason: "told the times of other layers than the plan has".to_owned(),
        })?;
        let logits = |answer: Answer| Logits { overflow: answer.class.is_none(), values: answer.logits };
        Ok(together.outcomes(Evaluated {
            decrypted: answers.into_iter().map(logits).collect(),
            layers,
            encryption_seconds,
            decryption_seconds,
            upload_bytes: bytes(&upload)?,
            result_bytes: bytes(&result)?,
            exchanged: Some(Exchanged { load_seconds, path_seconds, server_peak_bytes: peak_memory_bytes }),
        }))
    }
}

fn bytes(path: &Path) -> Result<u64, ExperimentError> {
    let read = |source| PartyError::from(WireError::Read { path: path.to_owned(), source });
    Ok(fs::metadata(path).map_err(read)?.len())
}

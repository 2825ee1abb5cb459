//! Ctrl-C: the first finishes what is in hand, the second stops at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::experiment::{ExperimentError, pause};

/// Exit code of a run that was interrupted, as shells have it for SIGINT.
pub const EXIT_CODE: u8 = 130;

/// Whether somebody wants the run to end.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    wanted: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens to Ctrl-C and the signals that ask a process to end. The second one ends this process at once; the operating system
    /// then ends its children, and what is recorded stays. The end of the terminal is no reason to end under `nohup`. Ctrl-Z stops the
    /// children, too.
    ///
    /// # Errors
    /// [`ExperimentError::Signals`].
    pub fn listen() -> Result<Self, ExperimentError> {
        let interrupt = Self::default();
        let wanted = interrupt.wanted.clone();
        let handler = move || {
            if wanted.swap(true, Ordering::Relaxed) {
                // Not `exit`: what libraries do at the end of a process must not run beside the threads that still use them.
                // SAFETY: `_exit` takes any number and does not return.
                unsafe { libc::_exit(i32::from(EXIT_CODE)) }
            }
        };
        let outlives_terminal = pause::outlives_terminal();
        ctrlc::set_handler(handler).map_err(|error| ExperimentError::Signals { reason: error.to_string() })?;
        #[cfg(unix)]
        if outlives_terminal {
            // SAFETY: ignoring a signal needs no handler.
            unsafe { libc::signal(libc::SIGHUP, libc::SIG_IGN) };
        }
        pause::listen();
        Ok(interrupt)
    }

    /// Whether no further trial is to be started.
    #[must_use]
    pub fn wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Asks the run to end.
    pub fn ask(&self) {
        self.wanted.store(true, Ordering::Relaxed);
    }
}

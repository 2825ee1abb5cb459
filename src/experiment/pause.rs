//! Ctrl-Z: a process stops together with its trials and goes on together with them, and no time that is measured has the
//! pause in it.

use std::time::Duration;

#[cfg(target_os = "linux")]
mod signals {
    use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
    use std::time::Instant;

    /// Most processes that follow: as many trials as may run side by side.
    const MOST: usize = 1024;

    /// Numbers of the processes that follow this one; 0: none.
    pub static FOLLOWERS: [AtomicI32; MOST] = [const { AtomicI32::new(0) }; MOST];

    /// Rises at the beginning and at the end of every pause.
    pub static TURNS: AtomicU64 = AtomicU64::new(0);

    /// Length of all pauses.
    pub static NANOSECONDS: AtomicU64 = AtomicU64::new(0);

    /// Stops the followers and this process; returns when it is continued, and continues them.
    extern "C" fn pause(_: libc::c_int) {
        // SAFETY: the location is that of this thread, which the handler has interrupted.
        let error = unsafe { *libc::__errno_location() };
        let begun = Instant::now();
        TURNS.fetch_add(1, Ordering::SeqCst);
        tell(libc::SIGTSTP);
        // SAFETY: `raise` may be called in a handler. Sent to this very thread, the signal acts before the call returns.
        unsafe { libc::raise(libc::SIGSTOP) };
        tell(libc::SIGCONT);
        NANOSECONDS.fetch_add(begun.elapsed().as_nanos() as u64, Ordering::SeqCst);
        TURNS.fetch_add(1, Ordering::SeqCst);
        // SAFETY: as above.
        unsafe { *libc::__errno_location() = error };
    }

    fn tell(signal: libc::c_int) {
        for process in FOLLOWERS.iter().map(|place| place.load(Ordering::SeqCst)).filter(|process| *process > 0) {
            // SAFETY: `kill` may be called in a handler. The process is a child that nobody has waited for, so the number is its own.
            unsafe { libc::kill(process, signal) };
        }
    }

    /// Whether a signal is ignored.
    pub fn is_ignored(signal: libc::c_int) -> bool {
        // SAFETY: all zeros is a value of the structure, which the call fills in; nothing is changed.
        unsafe {
            let mut now: libc::sigaction = std::mem::zeroed();
            libc::sigaction(signal, std::ptr::null(), &raw mut now) == 0 && now.sa_sigaction == libc::SIG_IGN
        }
    }

    /// Installs the handler.
    pub fn listen() {
        if is_ignored(libc::SIGTSTP) {
            return;
        }
        // SAFETY: all zeros is a value of the structure; the handler calls only what handlers may call.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = pause as extern "C" fn(libc::c_int) as libc::sighandler_t;
            action.sa_flags = libc::SA_RESTART;
            libc::sigaction(libc::SIGTSTP, &raw const action, std::ptr::null_mut());
        }
    }
}

/// Makes this process stop and go on together with its [`Follower`]s, and count its pauses. Elsewhere than on Linux, Ctrl-Z stays what it was.
pub fn listen() {
    #[cfg(target_os = "linux")]
    signals::listen();
}

/// Whether this process was started so that it outlives its terminal (`nohup`).
#[must_use]
pub fn outlives_terminal() -> bool {
    #[cfg(target_os = "linux")]
    return signals::is_ignored(libc::SIGHUP);
    #[cfg(not(target_os = "linux"))]
    false
}

/// A child process that stops and goes on together with this one while the value lives; it must not be waited for meanwhile.
#[derive(Debug)]
pub struct Follower {
    #[cfg(target_os = "linux")]
    place: Option<usize>,
}

impl Follower {
    /// The child process of this number.
    #[must_use]
    pub fn new(process: u32) -> Self {
        #[cfg(target_os = "linux")]
        {
            use std::sync::atomic::Ordering::SeqCst;
            let process = i32::try_from(process).unwrap_or(0);
            let free =
                |place: &std::sync::atomic::AtomicI32| place.compare_exchange(0, process, SeqCst, SeqCst).is_ok();
            Self { place: signals::FOLLOWERS.iter().position(free) }
        }
        #[cfg(not(target_os = "linux"))]
        {
            let _ = process;
            Self {}
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        if let Some(place) = self.place {
            signals::FOLLOWERS[place].store(0, std::sync::atomic::Ordering::SeqCst);
        }
    }
}

/// How long this process has been stopped so far.
#[must_use]
pub fn paused() -> Duration {
    #[cfg(target_os = "linux")]
    return Duration::from_nanos(signals::NANOSECONDS.load(std::sync::atomic::Ordering::SeqCst));
    #[cfg(not(target_os = "linux"))]
    Duration::ZERO
}

fn turns() -> u64 {
    #[cfg(target_os = "linux")]
    return signals::TURNS.load(std::sync::atomic::Ordering::SeqCst);
    #[cfg(not(target_os = "linux"))]
    0
}

/// Measures something, again if the process was stopped meanwhile: what has a pause in its seconds is no measurement.
///
/// # Errors
/// Those of `measure`.
pub fn undisturbed<T, E>(mut measure: impl FnMut() -> Result<T, E>) -> Result<T, E> {
    loop {
        let before = turns();
        let value = measure()?;
        if turns() == before {
            return Ok(value);
        }
    }
}

//! Downloading an official archive.

use std::fs::{self, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use super::archive::{check_md5, create, write_error};
use crate::dataset::error::DatasetError;

/// How often a download that breaks off is taken up again.
const ATTEMPTS: u32 = 5;
/// How long to wait before a server that is busy is asked the second time; longer each time after.
const PAUSE: Duration = Duration::from_secs(1);
/// How long to wait for a connection, and for the next bytes.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes read at once.
const CHUNK: usize = 1 << 16;
/// Most chunks that wait to be written.
const CHUNKS: usize = 16;

/// Downloads `url` into `directory`, under its last name; what an earlier download left there is gone on with. The MD5 sum of the whole
/// must be `md5`. `progress` is told the bytes there are, and how many there will be, if the server says.
///
/// # Errors
/// [`DatasetError::Download`], [`DatasetError::Md5`] (the file is removed, so that another download starts again),
/// [`DatasetError::Write`].
pub fn fetch(
    url: &str,
    md5: &str,
    directory: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<PathBuf, DatasetError> {
    fetch_with(PATIENCE, url, md5, directory, progress)
}

fn fetch_with(
    patience: Duration,
    url: &str,
    md5: &str,
    directory: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<PathBuf, DatasetError> {
    let name = url.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("archive.tar.gz");
    let target = create(directory.to_owned())?.join(name);
    if target.is_file() && check_md5(&target, md5).is_ok() {
        return Ok(target);
    }
    let partial = directory.join(format!("{name}.partial"));
    let opened =
        OpenOptions::new().create(true).append(true).open(&partial).map_err(|source| write_error(&partial, source))?;
    // Held to the end: two downloads would mix what they append.
    if let Err(TryLockError::WouldBlock) = opened.try_lock() {
        let problem = "another process downloads it; wait for that to end";
        return Err(write_error(&partial, io::Error::new(io::ErrorKind::WouldBlock, problem)));
    }
    let mut attempt = 1;
    while let Err(broken) = continue_download(patience, url, &partial, progress) {
        if attempt == ATTEMPTS || !broken.worth_another_attempt {
            if opened.metadata().is_ok_and(|there| there.len() == 0) {
                let _ = fs::remove_file(&partial);
            }
            return Err(broken.error);
        }
        thread::sleep(broken.pause * attempt);
        attempt += 1;
    }
    if let Err(error) = check_md5(&partial, md5) {
        let _ = fs::remove_file(&partial);
        return Err(error);
    }
    fs::rename(&partial, &target).map_err(|source| write_error(&target, source))?;
    Ok(target)
}

struct Broken {
    error: DatasetError,
    worth_another_attempt: bool,
    /// Before the second attempt.
    pause: Duration,
}

impl Broken {
    fn download(url: &str, problem: impl std::fmt::Display, advice: &'static str) -> Self {
        let error = DatasetError::Download { url: url.to_owned(), problem: problem.to_string(), advice };
        Self { error, worth_another_attempt: true, pause: Duration::ZERO }
    }

    fn connection(url: &str, problem: impl std::fmt::Display) -> Self {
        Self::download(
            url,
            problem,
            "check the network, then type the same command again: it goes on where this one ended",
        )
    }

    fn server(url: &str, problem: impl std::fmt::Display) -> Self {
        let advice = "wait a while, then type the same command again: it goes on where this one ended";
        Self { pause: PAUSE, ..Self::download(url, problem, advice) }
    }

    fn address(url: &str, problem: impl std::fmt::Display) -> Self {
        let advice = "check the address, or give another with --url, or download it by hand and use `data import`";
        Self { worth_another_attempt: false, ..Self::download(url, problem, advice) }
    }

    fn file(path: &Path, source: std::io::Error) -> Self {
        Self { error: write_error(path, source), worth_another_attempt: false, pause: Duration::ZERO }
    }
}

fn continue_download(
    patience: Duration,
    url: &str,
    partial: &Path,
    progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<(), Broken> {
    let mut done = fs::metadata(partial).map_or(0, |metadata| metadata.len());
    let agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_resolve(Some(patience))
        .timeout_connect(Some(patience))
        .timeout_recv_response(Some(patience))
        .build()
        .new_agent();
    let mut request = agent.get(url);
    if done > 0 {
        request = request.header("Range", format!("bytes={done}-"));
    }
    let response = request.call().map_err(|error| match error {
        // What is no address does not become one.
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => Broken::address(url, error),
        error => Broken::connection(url, error),
    })?;
    match response.status().as_u16() {
        // The server knows no ranges: from the start.
        200 => done = 0,
        206 => {}
        // There is nothing after what is there already.
        416 if done > 0 => return Ok(()),
        status => {
            let problem = format!("the server answers with status {status}");
            // It waited too long, was asked too often, or fails by itself.
            let may_answer_later = matches!(status, 408 | 429 | 500..=599);
            return Err(if may_answer_later { Broken::server(url, problem) } else { Broken::address(url, problem) });
        }
    }
    let length = response.headers().get("content-length").and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let total = length.map(|length| length + done);
    let opened = OpenOptions::new().create(true).append(done > 0).write(true).truncate(done == 0).open(partial);
    let mut file = opened.map_err(|source| Broken::file(partial, source))?;
    let chunks = read_beside(response.into_body().into_reader());
    progress(done, total);
    loop {
        let chunk = match chunks.recv_timeout(patience) {
            Ok(chunk) => chunk.map_err(|error| Broken::connection(url, error))?,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                let problem = format!("nothing came for {} s", patience.as_secs_f64());
                return Err(Broken::connection(url, problem));
            }
        };
        file.write_all(&chunk).map_err(|source| Broken::file(partial, source))?;
        done += chunk.len() as u64;
        progress(done, total);
    }
    if total.is_some_and(|total| done < total) {
        return Err(Broken::connection(url, "the connection ended early"));
    }
    Ok(())
}

/// Reads to the end on a thread of its own, so that whoever takes the chunks can give up waiting; the thread ends with the connection.
fn read_beside(mut body: impl Read + Send + 'static) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = sync_channel(CHUNKS);
    thread::spawn(move || {
        let mut goes_on = true;
        while goes_on {
            let mut buffer = vec![0; CHUNK];
            let read = body.read(&mut buffer).map(|count| {
                buffer.truncate(count);
                buffer
            });
            goes_on = read.as_ref().is_ok_and(|chunk| !chunk.is_empty());
            let is_end = read.as_ref().is_ok_and(Vec::is_empty);
            goes_on &= is_end || sender.send(read).is_ok();
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::super::archive::md5_of;
    use super::*;
    use std::io::{BufRead, BufReader};
    use std::net::{TcpListener, TcpStream};

    /// What a server answers: to each connection in turn.
    #[derive(Clone, Copy)]
    enum Answer {
        /// So many bytes of what was asked for, though it promises all.
        Part(usize),
        /// All, from the start, whatever was asked for.
        Whole,
        /// What was asked for.
        Asked,
        /// A status and nothing else.
        Status(u16),
        /// As [`Answer::Part`], and then silence on a connection that stays.
        Stall(usize),
    }

    /// Serves `content` at an address of this machine; returns it, and after all answers the ranges that were asked for.
    fn serve(content: Vec<u8>, answers: Vec<Answer>) -> (String, thread::JoinHandle<Vec<Option<usize>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/folder/data.tar.gz", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let answer = |answer: Answer| respond(&listener.accept().unwrap().0, &content, answer);
            answers.into_iter().map(answer).collect()
        });
        (url, server)
    }

    fn respond(mut stream: &TcpStream, content: &[u8], answer: Answer) -> Option<usize> {
        let mut range = None;
        for line in BufReader::new(stream).lines() {
            let line = line.unwrap().to_lowercase();
            if let Some(asked) = line.strip_prefix("range: bytes=") {
                range = asked.trim_end_matches('-').parse().ok();
            }
            if line.is_empty() {
                break;
            }
        }
        let from = if matches!(answer, Answer::Whole) { 0 } else { range.unwrap_or(0) };
        let rest = &content[from..];
        let (status, sent) = match answer {
            Answer::Status(status) => (status, &[][..]),
            Answer::Part(bytes) | Answer::Stall(bytes) => (if from > 0 { 206 } else { 200 }, &rest[..bytes]),
            Answer::Whole | Answer::Asked => (if from > 0 { 206 } else { 200 }, rest),
        };
        let promised = if matches!(answer, Answer::Status(_)) { 0 } else { rest.len() };
        write!(stream, "HTTP/1.1 {status} X\r\nContent-Length: {promised}\r\nConnection: close\r\n\r\n").unwrap();
        stream.write_all(sent).unwrap();
        if matches!(answer, Answer::Stall(_)) {
            thread::sleep(Duration::from_millis(1500));
        }
        range
    }

    fn content() -> Vec<u8> {
        (0..300_000_u32).map(|index| (index * 7 % 251) as u8).collect()
    }

    fn md5() -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("content");
        fs::write(&path, content()).unwrap();
        md5_of(&path).unwrap()
    }

    #[test]
    fn a_download_that_stalls_is_given_up_and_gone_on_with() {
        let directory = tempfile::tempdir().unwrap();
        let patience = Duration::from_millis(500);
        let (url, server) = serve(content(), vec![Answer::Stall(100_000), Answer::Asked]);
        // The server is busy with its silence until the second connection.
        let mut tell = |_, _| ();
        let path = fetch_with(Duration::from_secs(1), &url, &md5(), directory.path(), &mut tell);
        assert_eq!(server.join().unwrap(), [None, Some(100_000)]);
        assert_eq!(fs::read(path.unwrap()).unwrap(), content());

        let (url, server) = serve(content(), vec![Answer::Stall(70_000)]);
        let partial = directory.path().join("x.partial");
        let broken = continue_download(patience, &url, &partial, &mut tell).unwrap_err();
        assert!(broken.worth_another_attempt && broken.error.to_string().contains("nothing came for 0.5 s"));
        assert_eq!(fs::metadata(partial).unwrap().len(), 70_000);
        server.join().unwrap();
    }

    #[test]
    fn a_download_that_breaks_off_is_gone_on_with() {
        let directory = tempfile::tempdir().unwrap();
        let (url, server) = serve(content(), vec![Answer::Part(100_000), Answer::Part(50_000), Answer::Asked]);
        let mut told = Vec::new();
        let path = fetch(&url, &md5(), directory.path(), &mut |done, total| told.push((done, total))).unwrap();
        assert_eq!(server.join().unwrap(), [None, Some(100_000), Some(150_000)]);
        assert_eq!(path, directory.path().join("data.tar.gz"));
        assert_eq!(fs::read(&path).unwrap(), content());
        assert_eq!(told.first(), Some(&(0, Some(300_000))));
        assert_eq!(told.last(), Some(&(300_000, Some(300_000))));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing partial is left");
        // What is there is not downloaded again: nobody listens any more.
        fetch(&url, &md5(), directory.path(), &mut |_, _| ()).unwrap();
    }

    #[test]
    fn a_server_that_is_busy_is_asked_again() {
        let directory = tempfile::tempdir().unwrap();
        let (url, server) = serve(content(), vec![Answer::Part(100_000), Answer::Status(503), Answer::Asked]);
        let path = fetch(&url, &md5(), directory.path(), &mut |_, _| ());
        assert_eq!(server.join().unwrap(), [None, Some(100_000), Some(100_000)]);
        assert_eq!(fs::read(path.unwrap()).unwrap(), content());

        let partial = directory.path().join("x.partial");
        for (status, again) in [(408, true), (429, true), (500, true), (404, false), (403, false)] {
            let (url, server) = serve(content(), vec![Answer::Status(status)]);
            let broken = continue_download(PATIENCE, &url, &partial, &mut |_, _| ()).unwrap_err();
            server.join().unwrap();
            assert_eq!(broken.worth_another_attempt, again, "{status}");
            let text = broken.error.to_string();
            let advice = if again { "wait a while" } else { "check the address" };
            assert!(text.contains(&format!("with status {status}; {advice}")), "{text}");
        }
    }

    #[test]
    fn two_downloads_do_not_mix() {
        let directory = tempfile::tempdir().unwrap();
        let other = fs::File::create(directory.path().join("data.tar.gz.partial")).unwrap();
        other.lock().unwrap();
        let text = fetch("http://127.0.0.1:1/data.tar.gz", &md5(), directory.path(), &mut |_, _| ()).unwrap_err();
        assert!(text.to_string().contains("another process downloads it"), "{text}");
    }

    #[test]
    fn what_an_earlier_command_left_is_used() {
        let directory = tempfile::tempdir().unwrap();
        let partial = directory.path().join("data.tar.gz.partial");
        fs::write(&partial, &content()[..1000]).unwrap();
        let (url, server) = serve(content(), vec![Answer::Asked]);
        fetch(&url, &md5(), directory.path(), &mut |_, _| ()).unwrap();
        assert_eq!(server.join().unwrap(), [Some(1000)]);

        // A server that knows no ranges sends all.
        fs::remove_file(directory.path().join("data.tar.gz")).unwrap();
        fs::write(&partial, &content()[..1000]).unwrap();
        let (url, server) = serve(content(), vec![Answer::Whole]);
        fetch(&url, &md5(), directory.path(), &mut |_, _| ()).unwrap();
        server.join().unwrap();
    }

    #[test]
    fn other_content_and_other_answers_are_errors() {
        let directory = tempfile::tempdir().unwrap();
        let (url, server) = serve(b"something else".to_vec(), vec![Answer::Asked]);
        let text = fetch(&url, &md5(), directory.path(), &mut |_, _| ()).unwrap_err().to_string();
        server.join().unwrap();
        assert!(text.contains("has the MD5 sum") && text.contains(&md5()), "{text}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "the next download starts again");

        let (url, server) = serve(content(), vec![Answer::Status(404)]);
        let text = fetch(&url, &md5(), directory.path(), &mut |_, _| ()).unwrap_err().to_string();
        server.join().unwrap();
        assert!(text.contains("the server answers with status 404; check the address"), "{text}");

        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let text = fetch(&format!("http://{closed}/x.gz"), &md5(), directory.path(), &mut |_, _| ());
        let text = text.unwrap_err().to_string();
        assert!(text.contains("cannot download http://") && text.contains("check the network"), "{text}");

        let text = fetch("http:/x.gz", &md5(), directory.path(), &mut |_, _| ()).unwrap_err().to_string();
        assert!(text.contains("cannot download http:/x.gz") && text.contains("check the address"), "{text}");
    }
}

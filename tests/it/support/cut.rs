//! A stretch of network that a test can cut, freeze and mend: a TCP proxy between two programs.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// How long a program behind it may take to accept, before the next one is tried.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// A thread of its own: a test that waits without letting go of its thread holds up nobody.
pub(crate) static NETWORK: LazyLock<Runtime> = LazyLock::new(|| {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build();
    runtime.expect("a thread for the network")
});

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    Frozen,
    Cut,
}

/// The proxy; whoever connects to [`Self::address`] speaks with the program behind it.
pub(crate) struct Cut {
    address: String,
    way: watch::Sender<Way>,
    accepting: AbortHandle,
}

impl Cut {
    /// Leads to one program, `host:port`.
    pub(crate) async fn to(address: &str) -> Self {
        Self::to_first_of(watch::channel(vec![address.to_owned()]).1).await
    }

    /// Leads to the first of `programs` that accepts. Which those are may change at any time, and
    /// holds for whoever connects from then on.
    pub(crate) async fn to_first_of(programs: watch::Receiver<Vec<String>>) -> Self {
        let (way, following) = watch::channel(Way::Open);
        let (listening, address) = tokio::sync::oneshot::channel();
        let accepting = NETWORK.spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("it has an address");
            listening.send(address.to_string()).ok();
            accept(listener, programs, following).await;
        });
        Self {
            address: address.await.expect("it listens"),
            way,
            accepting: accepting.abort_handle(),
        }
    }

    /// Where to connect, `host:port`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Drops all connections, and new ones before a byte of them has passed.
    pub(crate) fn cut(&self) {
        self.way.send_replace(Way::Cut);
    }

    /// Keeps all connections, takes new ones, and holds every byte.
    pub(crate) fn freeze(&self) {
        self.way.send_replace(Way::Frozen);
    }

    /// Lets everything pass again, the bytes that were held first.
    pub(crate) fn mend(&self) {
        self.way.send_replace(Way::Open);
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(
    listener: TcpListener,
    programs: watch::Receiver<Vec<String>>,
    way: watch::Receiver<Way>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (near, _) = accepted.expect("the listener is ours");
                connections.spawn(pass(near, programs.clone(), way.clone()));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves one connection until the program behind has ended it or the way is cut.
async fn pass(near: TcpStream, programs: watch::Receiver<Vec<String>>, way: watch::Receiver<Way>) {
    let mut cut = way.clone();
    let both_ways = async {
        let programs = programs.borrow().clone();
        let Some(far) = first_of(&programs).await else {
            return;
        };
        near.set_nodelay(true).ok();
        far.set_nodelay(true).ok();
        let (near_read, near_write) = near.into_split();
        let (far_read, far_write) = far.into_split();
        // Whoever connected may have said its last word and still wait for the answer.
        let there = async {
            copy(near_read, far_write, way.clone()).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            () = there => {}
            () = copy(far_read, near_write, way.clone()) => {}
        }
    };
    tokio::select! {
        () = both_ways => {}
        _ = cut.wait_for(|way| *way == Way::Cut) => {}
    }
}

async fn first_of(programs: &[String]) -> Option<TcpStream> {
    for program in programs {
        let connect = TcpStream::connect(program);
        if let Ok(Ok(stream)) = tokio::time::timeout(CONNECT_MAX, connect).await {
            return Some(stream);
        }
    }
    None
}

/// Until the sender has ended or either end is broken. What was sent before arrives.
async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut way: watch::Receiver<Way>) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if way.wait_for(|way| *way == Way::Open).await.is_err()
            || to.write_all(&bytes[..length]).await.is_err()
        {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::watch;

    use super::super::until::SOON;
    use super::{Cut, NETWORK};

    /// A program that sends back what it is sent, after a letter of its own.
    async fn echo(letter: u8) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let listener = listener.into_std().unwrap();
        NETWORK.spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                NETWORK.spawn(async move {
                    stream.write_all(&[letter]).await.ok();
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await.ok();
                });
            }
        });
        address
    }

    async fn next(stream: &mut TcpStream) -> Option<u8> {
        let read = tokio::time::timeout(SOON, stream.read_u8()).await;
        read.expect("something comes").ok()
    }

    #[tokio::test]
    async fn bytes_pass_are_held_and_pass_again_and_a_cut_ends_every_connection() {
        let cut = Cut::to(&echo(b'a').await).await;
        let mut stream = TcpStream::connect(cut.address()).await.unwrap();
        assert_eq!(next(&mut stream).await, Some(b'a'));
        cut.freeze();
        let mut late = TcpStream::connect(cut.address()).await.unwrap();
        stream.write_all(b"1").await.unwrap();
        let held = tokio::time::timeout(SOON / 50, stream.read_u8()).await;
        assert!(held.is_err(), "{held:?} came through");
        cut.mend();
        assert_eq!(next(&mut stream).await, Some(b'1'));
        assert_eq!(next(&mut late).await, Some(b'a'));
        cut.cut();
        assert_eq!(next(&mut stream).await, None);
        let mut refused = TcpStream::connect(cut.address()).await.unwrap();
        assert_eq!(next(&mut refused).await, None);
        cut.mend();
        let mut again = TcpStream::connect(cut.address()).await.unwrap();
        assert_eq!(next(&mut again).await, Some(b'a'));
    }

    #[tokio::test]
    async fn the_first_program_that_accepts_gets_the_connection() {
        let (a, b) = (echo(b'a').await, echo(b'b').await);
        let nobody = {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.local_addr().unwrap().to_string()
        };
        let (programs, following) = watch::channel(vec![nobody, a.clone(), b.clone()]);
        let cut = Cut::to_first_of(following).await;
        let mut first = TcpStream::connect(cut.address()).await.unwrap();
        assert_eq!(next(&mut first).await, Some(b'a'));
        programs.send_replace(vec![b, a]);
        let mut second = TcpStream::connect(cut.address()).await.unwrap();
        assert_eq!(next(&mut second).await, Some(b'b'));
        first.write_all(b"1").await.unwrap();
        assert_eq!(next(&mut first).await, Some(b'1'));
        programs.send_replace(Vec::new());
        let mut third = TcpStream::connect(cut.address()).await.unwrap();
        assert_eq!(next(&mut third).await, None);
    }
}

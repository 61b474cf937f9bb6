//! The limit to compare with: frames passed on to everybody on the same path, through the same
//! WebSocket library, with no document, no check and no disk.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::accept_hdr_async;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};

/// Frames that may wait for a socket; more are dropped, since nothing is promised.
const WAITING: usize = 16_384;
/// A sync step 1 of somebody who has nothing, and the answer that there is nothing.
const STEP_1: [u8; 4] = [0, 0, 1, 0];
const STEP_2: [u8; 5] = [0, 1, 2, 0, 0];

type Rooms = Arc<Mutex<HashMap<String, Vec<mpsc::Sender<Bytes>>>>>;

/// Serves until it is killed.
pub(crate) async fn serve(port: u16) -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let rooms = Rooms::default();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(pass_on(stream, Arc::clone(&rooms)));
    }
}

#[expect(clippy::result_large_err, reason = "the library's own callback type")]
async fn pass_on(stream: TcpStream, rooms: Rooms) -> Result<()> {
    let mut path = String::new();
    let read_path = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        request.uri().path().clone_into(&mut path);
        Ok(response)
    };
    let mut socket = accept_hdr_async(stream, read_path).await?;
    let (sender, mut inbox) = mpsc::channel(WAITING);
    lock(&rooms).entry(path.clone()).or_default().push(sender);
    loop {
        tokio::select! {
            received = socket.next() => {
                let Some(Ok(message)) = received else {
                    break;
                };
                let Message::Binary(frame) = message else {
                    continue;
                };
                if frame[..] == STEP_1 {
                    socket.send(Message::Binary(Bytes::from_static(&STEP_2))).await?;
                    continue;
                }
                if let Some(others) = lock(&rooms).get_mut(&path) {
                    others.retain(|other| {
                        !matches!(
                            other.try_send(frame.clone()),
                            Err(mpsc::error::TrySendError::Closed(_))
                        )
                    });
                }
            }
            frame = inbox.recv() => {
                let mut next = frame;
                while let Some(frame) = next {
                    socket.feed(Message::Binary(frame)).await?;
                    next = inbox.try_recv().ok();
                }
                socket.flush().await?;
            }
        }
    }
    Ok(())
}

fn lock(rooms: &Rooms) -> std::sync::MutexGuard<'_, HashMap<String, Vec<mpsc::Sender<Bytes>>>> {
    rooms.lock().unwrap_or_else(PoisonError::into_inner)
}

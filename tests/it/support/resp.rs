//! What Redis speaks, as far as tests ask it anything.

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// An answer, or a message on a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Text(String),
    Bytes(Vec<u8>),
    Integer(i64),
    List(Vec<Reply>),
    Nothing,
}

impl Reply {
    /// The members of a list of bytes.
    pub(crate) fn list(self) -> Vec<Vec<u8>> {
        let Self::List(members) = self else {
            panic!("{self:?} is no list")
        };
        let bytes = |member| {
            let Self::Bytes(bytes) = member else {
                panic!("{member:?} are no bytes")
            };
            bytes
        };
        members.into_iter().map(bytes).collect()
    }
}

/// One connection. What goes wrong on it, or is refused, is a text.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    pub(crate) async fn open(address: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(say)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a command and reads its answer.
    pub(crate) async fn ask<W: AsRef<[u8]>>(&mut self, words: &[W]) -> Result<Reply, String> {
        let mut command = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            let word = word.as_ref();
            command.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
            command.extend_from_slice(word);
            command.extend_from_slice(b"\r\n");
        }
        self.0.write_all(&command).await.map_err(say)?;
        self.read().await
    }

    /// The next answer, or the next message of a channel.
    pub(crate) async fn read(&mut self) -> Result<Reply, String> {
        let mut line = String::new();
        self.0.read_line(&mut line).await.map_err(say)?;
        let line = line.trim_end();
        let Some((kind, rest)) = line.split_at_checked(1) else {
            return Err("the connection has ended".to_owned());
        };
        let number = || rest.parse::<i64>().map_err(|_| format!("not RESP: {line}"));
        match kind {
            "+" => Ok(Reply::Text(rest.to_owned())),
            "-" => Err(rest.to_owned()),
            ":" => Ok(Reply::Integer(number()?)),
            "$" => match usize::try_from(number()?) {
                Ok(length) => self.bytes(length).await,
                Err(_) => Ok(Reply::Nothing),
            },
            "*" => {
                let mut members = Vec::new();
                for _ in 0..number()? {
                    members.push(Box::pin(self.read()).await?);
                }
                Ok(Reply::List(members))
            }
            _ => Err(format!("not RESP: {line}")),
        }
    }

    async fn bytes(&mut self, length: usize) -> Result<Reply, String> {
        let mut bytes = vec![0; length + "\r\n".len()];
        self.0.read_exact(&mut bytes).await.map_err(say)?;
        bytes.truncate(length);
        Ok(Reply::Bytes(bytes))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as `map_err` hands it over")]
fn say(error: std::io::Error) -> String {
    error.to_string()
}

//! How messages are read and written: as prost does it, but never many times as much memory as was sent.

use std::{any::TypeId, marker::PhantomData};

use bytes::Buf;
use prost::Message;
use tonic::{
    Code, Status,
    codec::{BufferSettings, Codec, DecodeBuf, Decoder},
};
use tonic_prost::{ProstDecoder, ProstEncoder};

use super::{inference::ModelInferRequest, v1::BatchClassifyArticlesRequest};

/// The most fields that a request of many parts may have, parts counted one by one. Ten times as many as there can be any
/// sense in: those that are a little over are told how many there may be of which.
pub(crate) const MAX_FIELDS: usize = 10_000;
/// What the decoder says of a request of more fields; nothing else in the transport says this.
pub(crate) const TOO_MANY_FIELDS: Code = Code::Aborted;

/// prost's codec with a limit on the parts of requests.
///
/// An empty article or tensor takes two bytes on the wire and some hundred in memory, and compressed hardly any: without the
/// limit, a few kilobytes would become a gigabyte before anybody has looked at them.
#[derive(Debug, Default)]
pub struct LimitedCodec<T, U>(PhantomData<(T, U)>);

impl<T: Message + 'static, U: Message + Default + 'static> Codec for LimitedCodec<T, U> {
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = LimitedDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstEncoder::default()
    }

    fn decoder(&mut self) -> Self::Decoder {
        LimitedDecoder(ProstDecoder::default())
    }
}

/// Reads messages of one type.
#[derive(Debug)]
pub struct LimitedDecoder<U>(ProstDecoder<U>);

impl<U: Message + Default + 'static> Decoder for LimitedDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, bytes: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        // The transport gives every message in one piece.
        if has_parts::<U>() && fields(bytes.chunk(), MAX_FIELDS + 1) > MAX_FIELDS {
            return Err(Status::new(TOO_MANY_FIELDS, "too many fields"));
        }
        self.0.decode(bytes)
    }

    fn buffer_settings(&self) -> BufferSettings {
        self.0.buffer_settings()
    }
}

/// Whether a message is a request with repeated messages in it. The others are not looked through; nor are answers, which
/// are as long as they are.
fn has_parts<U: 'static>() -> bool {
    [TypeId::of::<BatchClassifyArticlesRequest>(), TypeId::of::<ModelInferRequest>()]
        .contains(&TypeId::of::<U>())
}

/// How many fields an encoded message has, at most `most`; a number read from what is no message means nothing.
fn fields(mut bytes: &[u8], most: usize) -> usize {
    let mut count = 0;
    while count < most && !bytes.is_empty() {
        let Some(tag) = varint(&mut bytes) else { break };
        let skipped = match tag & 7 {
            0 => varint(&mut bytes).map(|_| 0),
            1 => Some(8),
            2 => varint(&mut bytes),
            // The ends of a group, which is a field for every field in it.
            3 | 4 => Some(0),
            5 => Some(4),
            _ => None,
        };
        let rest = skipped.and_then(|skipped| bytes.get(usize::try_from(skipped).ok()?..));
        let Some(rest) = rest else { break };
        bytes = rest;
        count += 1;
    }
    count
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    prost::encoding::decode_varint(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::v1::Article;

    #[test]
    fn fields_are_counted_one_by_one() {
        let articles = vec![Article { text: "a b".to_owned(), ..Article::default() }, Article::default()];
        let request = BatchClassifyArticlesRequest { articles, options: Some(Default::default()) };
        let bytes = request.encode_to_vec();
        assert_eq!(fields(&bytes, 100), 3);
        assert_eq!(fields(&bytes, 2), 2);
        // A varint, eight bytes, a group with four bytes in it, and no end of a length.
        assert_eq!(fields(&[8, 200, 1, 9, 1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 1, 2, 3, 4, 12, 18, 128], 100), 5);
        assert_eq!(fields(&[18, 5, 0], 100), 0);
        assert_eq!(fields(&[], 100), 0);
    }
}

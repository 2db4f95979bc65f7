//! Checks the values of unpacked pages before the Parquet library decodes them.
//!
//! Its decoders panic on truncated texts, on varints of more than ten bytes and on missing levels,
//! and wasm does not survive a panic. The encodings are described in Parquet's `Encodings.md`.

use parquet::{
    basic::{Encoding, Type},
    column::page::{Page, PageMetadata, PageReader},
    errors::{ParquetError, Result},
};

use crate::{
    encodings::{deltas, prefixed, runs, texts},
    transcode::{self, Values},
};

/// Maximum number of bits of a dictionary index.
const WIDEST_INDEX: u8 = 32;

/// The pages of a column. Each can be decoded without a panic, or is an error.
pub(super) struct SoundPages<P> {
    pub(super) pages: P,
    pub(super) kind: Type,
    /// The definition level of a value that is not null: 0 if the column cannot be null.
    pub(super) present: i16,
    /// Length of a value of type FIXED_LEN_BYTE_ARRAY, in bytes.
    pub(super) width: usize,
    /// Maximum length of the plain values of a page, in bytes.
    pub(super) limit: u64,
    /// Number of data pages to skip.
    pub(super) skip: u64,
    /// Whether the first page is a dictionary, which is not skipped.
    pub(super) dictionary_first: bool,
}

impl SoundPages<()> {
    /// Applies the checks to these pages.
    pub(super) fn over<P: PageReader + 'static>(self, pages: P) -> Box<dyn PageReader> {
        let Self { pages: (), kind, present, width, limit, skip, dictionary_first } = self;
        Box::new(SoundPages { pages, kind, present, width, limit, skip, dictionary_first })
    }
}

impl<P: PageReader> PageReader for SoundPages<P> {
    fn get_next_page(&mut self) -> Result<Option<Page>> {
        if !std::mem::take(&mut self.dictionary_first) {
            for _ in 0..std::mem::take(&mut self.skip) {
                self.pages.skip_next_page()?;
            }
        }
        let Some(page) = self.pages.get_next_page()? else { return Ok(None) };
        let broken = || ParquetError::General("the values of a page are not valid in its encoding".into());
        self.sound(page).ok_or_else(broken).map(Some)
    }

    fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
        self.pages.peek_next_page()
    }

    fn skip_next_page(&mut self) -> Result<()> {
        self.pages.skip_next_page()
    }
}

impl<P: PageReader> Iterator for SoundPages<P> {
    type Item = Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl<P> SoundPages<P> {
    /// The page, if it can be decoded. Data pages of version 1 become version 2, which tells the
    /// decoder how many values are null.
    fn sound(&self, page: Page) -> Option<Page> {
        let (buf, num_values, encoding, nulls, levels) = match page {
            Page::DictionaryPage { ref buf, num_values, .. } => {
                return (self.kind != Type::BYTE_ARRAY || texts(buf) >= num_values.into()).then_some(page);
            }
            Page::DataPage { buf, num_values, encoding, .. } if self.present == 0 => {
                (buf, num_values, encoding, Some(0), 0)
            }
            // The other encoding of levels has been obsolete since before 2014.
            Page::DataPage { buf, num_values, encoding, def_level_encoding: Encoding::RLE, .. } => {
                let levels = prefixed(&buf)?.0.len();
                (buf.slice(4..), num_values, encoding, None, levels)
            }
            Page::DataPageV2 {
                buf,
                num_values,
                encoding,
                num_nulls,
                def_levels_byte_len,
                rep_levels_byte_len: 0,
                ..
            } => (buf, num_values, encoding, Some(num_nulls), def_levels_byte_len as usize),
            // Repeated values, which the schema does not have.
            _ => return None,
        };
        let (level_bytes, values) = buf.split_at_checked(levels)?;
        if self.present > 0 {
            runs(level_bytes, self.level_width())?;
        }
        let spread = matches!(
            encoding,
            Encoding::DELTA_LENGTH_BYTE_ARRAY | Encoding::DELTA_BYTE_ARRAY | Encoding::BYTE_STREAM_SPLIT
        );
        let (buf, encoding, readable) = if spread {
            let kinds = Values {
                kind: self.kind,
                width: self.value_width(),
                most: num_values as usize,
                limit: self.limit,
            };
            // A page with only nulls may be empty.
            let empty = values.is_empty().then(|| (Vec::new(), 0));
            let (plain, count) = empty.or_else(|| transcode::plain(values, encoding, kinds))?;
            ([level_bytes, &plain].concat().into(), Encoding::PLAIN, count)
        } else {
            let readable = self.readable(values, encoding)?;
            (buf, encoding, readable)
        };
        let readable = readable.min(num_values.into()) as u32;
        let num_nulls = nulls.unwrap_or(num_values - readable);
        (num_values.checked_sub(num_nulls)? <= readable).then_some(())?;
        // The decoder of deltas panics on a page without values.
        let (buf, encoding) =
            if readable == 0 { (buf.slice(..levels), Encoding::PLAIN) } else { (buf, encoding) };
        Some(Page::DataPageV2 {
            buf,
            num_values,
            encoding,
            num_nulls,
            num_rows: num_values,
            def_levels_byte_len: levels as u32,
            rep_levels_byte_len: 0,
            is_compressed: false,
            statistics: None,
        })
    }

    /// Length of a value of fixed size, in bytes; 0 for other types.
    fn value_width(&self) -> usize {
        match self.kind {
            Type::INT32 | Type::FLOAT => 4,
            Type::INT64 | Type::DOUBLE => 8,
            Type::FIXED_LEN_BYTE_ARRAY => self.width,
            _ => 0,
        }
    }

    /// Number of bits of a definition level.
    fn level_width(&self) -> u8 {
        (i16::BITS - self.present.leading_zeros()) as u8
    }

    /// The number of values that can be decoded, or `u64::MAX` if the library counts them itself.
    fn readable(&self, values: &[u8], encoding: Encoding) -> Option<u64> {
        match encoding {
            Encoding::PLAIN if self.kind == Type::BYTE_ARRAY => Some(texts(values)),
            // Numbers and booleans of fixed size.
            Encoding::PLAIN => Some(u64::MAX),
            Encoding::RLE => runs(prefixed(values)?.0, 1).map(|()| u64::MAX),
            Encoding::DELTA_BINARY_PACKED => deltas(values),
            Encoding::PLAIN_DICTIONARY | Encoding::RLE_DICTIONARY => {
                let (&width, indexes) = values.split_first()?;
                (width <= WIDEST_INDEX).then_some(())?;
                runs(indexes, width).map(|()| u64::MAX)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use parquet::{
        basic::Repetition,
        column::reader::ColumnReaderImpl,
        data_type::{
            BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type,
        },
        schema::types::{ColumnDescriptor, ColumnPath, Type as SchemaType},
    };
    use proptest::prelude::*;

    use super::*;

    /// Pages from a list.
    struct Given(std::vec::IntoIter<Page>);

    impl PageReader for Given {
        fn get_next_page(&mut self) -> Result<Option<Page>> {
            Ok(self.0.next())
        }

        fn peek_next_page(&mut self) -> Result<Option<PageMetadata>> {
            Ok(None)
        }

        fn skip_next_page(&mut self) -> Result<()> {
            self.0.next();
            Ok(())
        }
    }

    impl Iterator for Given {
        type Item = Result<Page>;

        fn next(&mut self) -> Option<Self::Item> {
            self.0.next().map(Ok)
        }
    }

    /// Up to ten values of these pages as the library decodes them.
    fn decoded<T: DataType>(pages: Vec<Page>, present: i16) -> Result<Vec<T::T>> {
        let repetition = if present > 0 { Repetition::OPTIONAL } else { Repetition::REQUIRED };
        let kind = T::get_physical_type();
        let leaf = SchemaType::primitive_type_builder("a", kind).with_repetition(repetition).build()?;
        let path = ColumnPath::from("a");
        let column = Arc::new(ColumnDescriptor::new(Arc::new(leaf), present, 0, path));
        let pages = SoundPages {
            pages: Given(pages.into_iter()),
            kind,
            present,
            width: 0,
            limit: 1 << 20,
            skip: 0,
            dictionary_first: false,
        };
        let mut reader = ColumnReaderImpl::<T>::new(column, Box::new(pages));
        let (mut values, mut levels) = (Vec::new(), Vec::new());
        for _ in 0..10 {
            if reader.read_records(1, Some(&mut levels), None, &mut values)?.0 == 0 {
                break;
            }
        }
        Ok(values)
    }

    fn data(buf: Vec<u8>, num_values: u32, encoding: Encoding) -> Page {
        let (def_level_encoding, rep_level_encoding) = (Encoding::RLE, Encoding::RLE);
        Page::DataPage {
            buf: Bytes::from(buf),
            num_values,
            encoding,
            def_level_encoding,
            rep_level_encoding,
            statistics: None,
        }
    }

    fn texts_of(texts: &[&str]) -> Vec<u8> {
        texts
            .iter()
            .flat_map(|text| [&(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat())
            .collect()
    }

    /// Levels of a page of version 1, from runs of (count, level).
    fn levels(levels: &[(u8, u8)]) -> Vec<u8> {
        let runs: Vec<u8> = levels.iter().flat_map(|&(count, level)| [count << 1, level]).collect();
        [&(runs.len() as u32).to_le_bytes()[..], &runs].concat()
    }

    #[test]
    fn texts_between_nulls_are_read() {
        let page = [levels(&[(1, 1), (2, 0), (1, 1)]), texts_of(&["fox", "hen"])].concat();
        let found = decoded::<ByteArrayType>(vec![data(page, 4, Encoding::PLAIN)], 1).unwrap();
        assert_eq!(found, ["fox", "hen"].map(ByteArray::from));
        let page = texts_of(&["fox", "hen"]);
        let found = decoded::<ByteArrayType>(vec![data(page, 2, Encoding::PLAIN)], 0).unwrap();
        assert_eq!(found, ["fox", "hen"].map(ByteArray::from));
    }

    #[test]
    fn texts_that_are_cut_off_are_errors() {
        for cut in 1..14 {
            let mut page = [levels(&[(2, 1)]), texts_of(&["fox", "hen"])].concat();
            page.truncate(page.len() - cut);
            assert!(decoded::<ByteArrayType>(vec![data(page, 2, Encoding::PLAIN)], 1).is_err(), "{cut}");
        }
        let mut dictionary = texts_of(&["fox", "hen"]);
        dictionary.truncate(9);
        let dictionary = Page::DictionaryPage {
            buf: dictionary.into(),
            num_values: 2,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        let indexes = data(vec![1, 4, 0], 2, Encoding::RLE_DICTIONARY);
        assert!(decoded::<ByteArrayType>(vec![dictionary, indexes], 0).is_err());
    }

    #[test]
    fn numbers_that_do_not_end_are_errors() {
        let endless = [0xff; 16];
        let after = |before: &[u8]| [before, &endless].concat();
        let index = data(after(&[2]), 2, Encoding::RLE_DICTIONARY);
        let one = Page::DictionaryPage {
            buf: texts_of(&["fox"]).into(),
            num_values: 1,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        assert!(decoded::<ByteArrayType>(vec![one, index], 0).is_err());
        let levels = [&16_u32.to_le_bytes()[..], &endless].concat();
        assert!(decoded::<Int64Type>(vec![data(levels.clone(), 2, Encoding::PLAIN)], 1).is_err());
        assert!(decoded::<BoolType>(vec![data(levels, 2, Encoding::RLE)], 0).is_err());
        assert!(decoded::<Int64Type>(vec![data(after(&[]), 2, Encoding::DELTA_BINARY_PACKED)], 0).is_err());
    }

    #[test]
    fn runs_end_where_padding_begins() {
        let page = |padding: &[u8]| {
            let runs = [&[2 << 1, 1][..], padding].concat();
            let levels = [&(runs.len() as u32).to_le_bytes()[..], &runs].concat();
            data([levels, texts_of(&["fox", "hen"])].concat(), 2, Encoding::PLAIN)
        };
        let found = decoded::<ByteArrayType>(vec![page(&[0; 12])], 1).unwrap();
        assert_eq!(found, ["fox", "hen"].map(ByteArray::from));
        // The value of an empty run, and a varint that is too long without the byte before.
        let padding = [&[0][..], &[0x80; 10], &[0]].concat();
        assert!(decoded::<ByteArrayType>(vec![page(&padding)], 1).is_err());
    }

    #[test]
    fn deltas_of_none_are_errors_where_one_is_wanted() {
        // Blocks of 128 in four parts, no value, the first is 3.
        let none = vec![0x80, 1, 4, 0, 6];
        let page = data(none.clone(), 2, Encoding::DELTA_BINARY_PACKED);
        assert!(decoded::<Int64Type>(vec![page], 0).is_err());
        let nulls = data([levels(&[(2, 0)]), none].concat(), 2, Encoding::DELTA_BINARY_PACKED);
        assert_eq!(decoded::<Int64Type>(vec![nulls], 1).unwrap(), Vec::<i64>::new());
        // One value and no block.
        let one = data(vec![0x80, 1, 4, 1, 6], 1, Encoding::DELTA_BINARY_PACKED);
        assert_eq!(decoded::<Int64Type>(vec![one], 0).unwrap(), [3]);
    }

    fn encoding() -> impl Strategy<Value = Encoding> {
        prop::sample::select(vec![
            Encoding::PLAIN,
            Encoding::RLE,
            Encoding::DELTA_BINARY_PACKED,
            Encoding::RLE_DICTIONARY,
            Encoding::DELTA_LENGTH_BYTE_ARRAY,
            Encoding::DELTA_BYTE_ARRAY,
            Encoding::BYTE_STREAM_SPLIT,
        ])
    }

    /// Bytes with many small values and many high bits, as in lengths, runs and varints.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![0..8_u8, Just(0x80), Just(0xff), any::<u8>()];
        prop::collection::vec(byte, 0..80)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn any_page_is_decoded_or_an_error(
            dictionary in bytes(),
            entries in 0..6_u32,
            level_bytes in bytes(),
            values in bytes(),
            num_values in 0..40_u32,
            num_nulls in 0..10_u32,
            encoding in encoding(),
            present in 0..2_i16,
            second in any::<bool>(),
        ) {
            let dictionary = Page::DictionaryPage {
                buf: dictionary.into(),
                num_values: entries,
                encoding: Encoding::PLAIN,
                is_sorted: false,
            };
            let page = if second {
                Page::DataPageV2 {
                    buf: [&level_bytes[..], &values].concat().into(),
                    num_values,
                    encoding,
                    num_nulls,
                    num_rows: num_values,
                    def_levels_byte_len: level_bytes.len() as u32 + u32::from(values.is_empty()),
                    rep_levels_byte_len: 0,
                    is_compressed: false,
                    statistics: None,
                }
            } else {
                let prefix = (level_bytes.len() as u32).to_le_bytes();
                data([&prefix[..], &level_bytes, &values].concat(), num_values, encoding)
            };
            let pages = vec![dictionary, page];
            // It must not panic.
            let _ = decoded::<ByteArrayType>(pages.clone(), present);
            let _ = decoded::<BoolType>(pages.clone(), present);
            let _ = decoded::<Int32Type>(pages.clone(), present);
            let _ = decoded::<Int64Type>(pages.clone(), present);
            let _ = decoded::<FloatType>(pages.clone(), present);
            let _ = decoded::<DoubleType>(pages, present);
        }
    }
}

//! A data set with no more than the prompt, two images and which of them was preferred.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(unreachable_pub, reason = "several tests may use it")]

use std::{fs::File, path::Path, sync::Arc};

use parquet::{
    basic::{BrotliLevel, Compression},
    data_type::{BoolType, ByteArray, ByteArrayType},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};

const SCHEMA: &str = "message schema { REQUIRED BYTE_ARRAY caption (UTF8); REQUIRED BYTE_ARRAY jpg_0; REQUIRED BYTE_ARRAY jpg_1;
    REQUIRED BOOLEAN label_0; }";

/// Writes them, compressed with Brotli.
pub fn write(path: &Path, rows: &[(&str, [Vec<u8>; 2], bool)]) {
    let schema = Arc::new(parse_message_type(SCHEMA).unwrap());
    let properties = WriterProperties::builder().set_compression(Compression::BROTLI(BrotliLevel::default()));
    let file = File::create(path).unwrap();
    let mut file = SerializedFileWriter::new(file, schema, Arc::new(properties.build())).unwrap();
    let mut group = file.next_row_group().unwrap();
    let texts: [Vec<ByteArray>; 3] = [
        rows.iter().map(|row| row.0.into()).collect(),
        rows.iter().map(|row| row.1[0].clone().into()).collect(),
        rows.iter().map(|row| row.1[1].clone().into()).collect(),
    ];
    for texts in texts {
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
        column.close().unwrap();
    }
    let labels: Vec<bool> = rows.iter().map(|row| row.2).collect();
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<BoolType>().write_batch(&labels, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    file.close().unwrap();
}

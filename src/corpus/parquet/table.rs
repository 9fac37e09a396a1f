//! The columns of a Parquet table, a few rows at a time.

use std::fs::File;

use parquet::{
    basic::{Encoding, Type},
    column::reader::{ColumnReader, ColumnReaderImpl},
    data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type},
    file::{
        reader::{FileReader as _, SerializedFileReader},
        serialized_reader::ReadOptionsBuilder,
    },
};

use super::{TableError, pages};
use crate::corpus::{
    columns::{Places, ReadOptions},
    error::Cause,
};

/// So many rows are read at once.
const ROWS: usize = 64;

/// The values of one row.
#[derive(Default)]
pub(super) struct Row {
    pub(super) text: Option<ByteArray>,
    pub(super) topic: Option<ByteArray>,
    pub(super) title: Option<ByteArray>,
    pub(super) id: Option<ByteArray>,
}

/// An open table.
pub(super) struct Table {
    file: File,
    reader: SerializedFileReader<File>,
    /// Indexes of columns.
    places: Places,
    next_group: usize,
    group: Option<Group>,
}

impl Table {
    pub(super) fn open(file: File, options: &ReadOptions) -> Result<Self, TableError> {
        let reader = SerializedFileReader::new_with_options(
            file.try_clone().map_err(parquet::errors::ParquetError::from)?,
            ReadOptionsBuilder::new().build(),
        )?;
        let schema = reader.metadata().file_metadata().schema_descr();
        // A column within a list or a group has a longer path; it is there only as something that holds no text.
        let header: Vec<String> = schema
            .columns()
            .iter()
            .map(|column| if flat(column) { column.name().to_owned() } else { column.path().string() })
            .collect();
        let root = schema.root_schema().get_fields().iter().map(|f| f.name()).collect::<Vec<_>>().join(", ");
        let places = options
            .columns
            .find(&header, options.labeled)
            .map_err(|names| TableError::Cause(Cause::NoColumn { names, header: root }))?;
        let textual = |index: usize| schema.column(index).physical_type() == Type::BYTE_ARRAY;
        let numeric =
            |index: usize| matches!(schema.column(index).physical_type(), Type::INT32 | Type::INT64);
        let texts = [Some(places.text), places.title].into_iter().flatten().find(|&i| !textual(i));
        let names = [places.topic, places.id].into_iter().flatten().find(|&i| !textual(i) && !numeric(i));
        if let Some(wrong) = texts.or(names) {
            return Err(TableError::Cause(Cause::NotTextual(header[wrong].clone())));
        }
        Ok(Self { file, reader, places, next_group: 0, group: None })
    }

    /// The next rows; none at the end.
    pub(super) fn rows(&mut self) -> Result<Vec<Row>, TableError> {
        loop {
            if let Some(group) = &mut self.group {
                let rows = group.rows()?;
                if !rows.is_empty() {
                    return Ok(rows);
                }
            }
            if self.next_group >= self.reader.num_row_groups() {
                return Ok(Vec::new());
            }
            self.group = Some(self.group()?);
            self.next_group += 1;
        }
    }

    /// Opens the next group of rows.
    fn group(&self) -> Result<Group, TableError> {
        let group = self.reader.get_row_group(self.next_group)?;
        let mut batch = ROWS;
        let mut open = |place: Option<usize>| -> Result<Option<Column>, TableError> {
            let Some(index) = place else { return Ok(None) };
            let metadata = group.metadata().column(index);
            pages::check(&self.file, metadata.byte_range())?;
            // Values of this encoding can be much longer than the page that they come from.
            if metadata.encodings().any(|e| e == Encoding::DELTA_BYTE_ARRAY) {
                batch = 1;
            }
            let nullable = metadata.column_descr().max_def_level() > 0;
            let reader = match group.get_column_reader(index)? {
                ColumnReader::ByteArrayColumnReader(reader) => Reader::Bytes(reader),
                ColumnReader::Int32ColumnReader(reader) => Reader::Int(reader),
                ColumnReader::Int64ColumnReader(reader) => Reader::Long(reader),
                _ => return Err(TableError::Cause(Cause::NotTextual(metadata.column_path().string()))),
            };
            Ok(Some(Column { reader, nullable }))
        };
        let text = open(Some(self.places.text))?;
        let topic = open(self.places.topic)?;
        let title = open(self.places.title)?;
        let id = open(self.places.id)?;
        let left = usize::try_from(group.metadata().num_rows()).unwrap_or(0);
        Ok(Group { text, topic, title, id, batch, left })
    }
}

fn flat(column: &parquet::schema::types::ColumnDescriptor) -> bool {
    column.path().parts().len() == 1 && column.max_rep_level() == 0
}

/// The columns of a group of rows.
struct Group {
    text: Option<Column>,
    topic: Option<Column>,
    title: Option<Column>,
    id: Option<Column>,
    batch: usize,
    left: usize,
}

impl Group {
    fn rows(&mut self) -> Result<Vec<Row>, TableError> {
        let count = self.batch.min(self.left);
        self.left -= count;
        let mut rows: Vec<Row> = (0..count).map(|_| Row::default()).collect();
        let mut fill = |column: &mut Option<Column>, set: fn(&mut Row) -> &mut Option<ByteArray>| {
            let values = column.as_mut().map_or_else(|| Ok(Vec::new()), |column| column.read(count))?;
            rows.iter_mut().zip(values).for_each(|(row, value)| *set(row) = value);
            Ok::<(), TableError>(())
        };
        fill(&mut self.text, |row| &mut row.text)?;
        fill(&mut self.topic, |row| &mut row.topic)?;
        fill(&mut self.title, |row| &mut row.title)?;
        fill(&mut self.id, |row| &mut row.id)?;
        Ok(rows)
    }
}

struct Column {
    reader: Reader,
    nullable: bool,
}

enum Reader {
    Bytes(ColumnReaderImpl<ByteArrayType>),
    Int(ColumnReaderImpl<Int32Type>),
    Long(ColumnReaderImpl<Int64Type>),
}

impl Column {
    /// Exactly `count` values, numbers as their digits.
    fn read(&mut self, count: usize) -> Result<Vec<Option<ByteArray>>, TableError> {
        let digits = |number: String| ByteArray::from(number.into_bytes());
        match &mut self.reader {
            Reader::Bytes(reader) => values(reader, self.nullable, count, |bytes| bytes),
            Reader::Int(reader) => values(reader, self.nullable, count, |n| digits(n.to_string())),
            Reader::Long(reader) => values(reader, self.nullable, count, |n| digits(n.to_string())),
        }
    }
}

fn values<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    nullable: bool,
    count: usize,
    read: impl Fn(T::T) -> ByteArray,
) -> Result<Vec<Option<ByteArray>>, TableError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let (records, _, _) = reader.read_records(count, Some(&mut levels), None, &mut values)?;
    if records != count {
        let cause = Cause::Damaged("Parquet: a column has fewer values than there are rows".to_owned());
        return Err(TableError::Cause(cause));
    }
    let mut values = values.into_iter().map(read);
    if !nullable {
        return Ok(values.map(Some).collect());
    }
    Ok(levels.into_iter().map(|level: i16| if level > 0 { values.next() } else { None }).collect())
}

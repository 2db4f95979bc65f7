//! Decodes the rows of a row group, one column after the other.

use parquet::file::reader::ChunkReader;

use crate::{
    columns::{COLUMNS, Columns, Draft},
    decoder::GroupDecoder,
    derive,
    error::DatasetError,
    row::Row,
};

impl<R: ChunkReader + 'static> GroupDecoder<'_, R> {
    pub(super) fn rows(&mut self, columns: Columns) -> Result<Vec<Row>, DatasetError> {
        let mut drafts = vec![Draft::default(); self.rows];
        for column in COLUMNS.iter().filter(|column| columns == Columns::All || !column.is_image()) {
            self.read(column, &mut drafts)?;
        }
        for (at, draft) in drafts.iter_mut().enumerate() {
            if !self.faults.contains_key(&at) {
                let finished = self.finished(at, columns, draft);
                self.noted(at, finished)?;
            }
        }
        Ok(drafts.into_iter().map(|draft| draft.row).collect())
    }

    /// Checks columns that depend on each other, and fills in missing ones.
    fn finished(&self, at: usize, columns: Columns, draft: &mut Draft) -> Result<(), DatasetError> {
        let (place, layout) = (self.place(at), &self.file.layout);
        let has_label = layout.leaf("has_label").map(|_| draft.has_label.unwrap_or(true));
        place.examples(draft.row.num_example_per_prompt)?;
        draft.row.label = derive::label(&place, layout.labels(), has_label, draft.labels)?;
        // A row of another program in a file with PickScore's columns.
        draft.row.collected.take_if(|collected| collected.record_version == 0);
        derive::complete(layout, columns, &place, has_label, &mut draft.row)
    }

    /// The prompts of all rows.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn captions(&mut self) -> Result<Vec<String>, DatasetError> {
        let mut captions = vec![String::new(); self.rows];
        if let Some((column, leaf)) = self.file.layout.column(crate::columns::CAPTION) {
            self.texts(column, leaf, &mut |at, text| captions[at] = text)?;
        }
        Ok(captions)
    }
}

//! Products of small matrices that lie anywhere in a slice, on the calling thread.
//!
//! A training step makes thousands of them, each too small to be worth handing out; its threads work on different rows.

use gemm::Parallelism;

/// Where a matrix lies in a slice: element (i, j) is at `start + i·row_stride + j·column_stride`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Rows
    pub rows: usize,
    /// Columns
    pub columns: usize,
    /// Place of the first element
    pub start: usize,
    /// Distance between neighbours in a column
    pub row_stride: usize,
    /// Distance between neighbours in a row
    pub column_stride: usize,
}

impl Layout {
    /// Row-major, without gaps, from the slice's beginning.
    pub fn dense(rows: usize, columns: usize) -> Self {
        Self { rows, columns, start: 0, row_stride: columns, column_stride: 1 }
    }
    /// The same read the other way round: [columns, rows].
    #[must_use]
    pub fn turned(self) -> Self {
        let Self { rows, columns, start, row_stride, column_stride } = self;
        Self { rows: columns, columns: rows, start, row_stride: column_stride, column_stride: row_stride }
    }
    /// `columns` columns from `start` on of a matrix whose rows are this one's.
    #[must_use]
    pub fn part(self, start: usize, columns: usize) -> Self {
        Self { start: self.start + start * self.column_stride, columns, ..self }
    }
    /// One past the last place that is touched.
    fn end(&self) -> usize {
        match (self.rows, self.columns) {
            (0, _) | (_, 0) => self.start,
            (rows, columns) => {
                self.start + (rows - 1) * self.row_stride + (columns - 1) * self.column_stride + 1
            }
        }
    }
}

/// What a product does with what stands where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onto {
    /// It is overwritten
    Nothing,
    /// It is added to
    Sum,
}

/// `out = a·b` or `out += a·b`: [m, k]·[k, n] → [m, n].
///
/// # Panics
/// Where the shapes do not fit or reach beyond their slices.
#[expect(unsafe_code, reason = "gemm takes raw pointers and strides")]
pub fn product(
    (a, a_at): (&[f32], Layout),
    (b, b_at): (&[f32], Layout),
    (out, out_at): (&mut [f32], Layout),
    onto: Onto,
) {
    let (m, k, n) = (a_at.rows, a_at.columns, b_at.columns);
    assert!(b_at.rows == k && out_at.rows == m && out_at.columns == n, "shapes of a product do not fit");
    assert!(
        a_at.end() <= a.len() && b_at.end() <= b.len() && out_at.end() <= out.len(),
        "a matrix ends behind its slice"
    );
    let distinct = |at: &Layout| at.rows <= 1 || at.columns <= 1 || at.row_stride != at.column_stride;
    assert!(distinct(&out_at), "elements of a result share a place");
    if m == 0 || n == 0 {
        return;
    }
    // SAFETY: the asserts above put the last element of each operand, and with it every one, inside its slice; `out`
    // is borrowed mutably and overlaps neither operand.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr().add(out_at.start),
            out_at.column_stride as isize,
            out_at.row_stride as isize,
            onto == Onto::Sum,
            a.as_ptr().add(a_at.start),
            a_at.column_stride as isize,
            a_at.row_stride as isize,
            b.as_ptr().add(b_at.start),
            b_at.column_stride as isize,
            b_at.row_stride as isize,
            1.0_f32,
            1.0_f32,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

//! The tile registers of AMX. Their intrinsics are unstable, so this uses inline assembly.

use std::{
    arch::{asm, x86_64::__cpuid_count},
    sync::OnceLock,
};

use super::{HEIGHT, LANES, ROWS, Rounded, Sums, Term};

/// A value proves that the processor has AMX with bf16 and bytes, and that Linux lets this process
/// use it.
#[derive(Clone, Copy, Debug)]
pub(in crate::towers::cpu) struct Amx(());

impl Amx {
    /// Asks the processor and the kernel once per process.
    pub(in crate::towers::cpu) fn detect() -> Option<Self> {
        static DETECTED: OnceLock<bool> = OnceLock::new();
        DETECTED.get_or_init(|| is_here() && is_permitted()).then_some(Self(()))
    }

    /// sums `[rows, LANES]` = the sum over the steps of input · weight
    ///
    /// `input` and `weight` have an item for every [`super::STEPS`] steps, with its terms. `rows`
    /// is even.
    ///
    /// # Panics
    ///
    /// If `rows` is 0, odd or above [`ROWS`], if there are no items, or if the lengths differ.
    #[allow(unsafe_code, reason = "assembly reads and writes memory")]
    pub(in crate::towers::cpu) fn multiply<const INPUT: usize, const WEIGHT: usize>(
        self,
        rows: usize,
        input: &[[Term; INPUT]],
        weight: &[[Term; WEIGHT]],
        sums: &mut Sums,
    ) {
        let kernel = match (INPUT, WEIGHT) {
            (2, 2) => two_by_two,
            (3, 2) => three_by_two,
            (3, 3) => three_by_three,
            _ => unreachable!("no other numbers of terms are used"),
        };
        let (input, weight) = (input.as_flattened(), weight.as_flattened());
        assert_eq!(input.len() / INPUT, weight.len() / WEIGHT);
        // SAFETY: the kernel reads as many terms for each item as the slices have.
        unsafe {
            self.run(kernel, rows, weight.len() / WEIGHT, input.as_ptr().cast(), weight.as_ptr().cast(), sums)
        }
    }

    /// As [`Self::multiply`], for unsigned bytes of the input and signed ones of the weight.
    #[allow(unsafe_code, reason = "assembly reads and writes memory")]
    pub(super) fn multiply_bytes(
        self,
        rows: usize,
        input: &[Rounded],
        weight: &[Rounded],
        sums: &mut [[i32; LANES]; ROWS],
    ) {
        assert_eq!(input.len(), weight.len());
        // SAFETY: as in `multiply`, with one `Rounded`, which is as large as a term.
        unsafe { self.run(bytes, rows, weight.len(), input.as_ptr().cast(), weight.as_ptr().cast(), sums) }
    }

    /// Runs a kernel: → sums `[rows, LANES]`
    ///
    /// # Safety
    ///
    /// Input and weight have as many items as stated, each with the terms that the kernel reads.
    #[allow(unsafe_code, reason = "assembly reads and writes memory")]
    unsafe fn run<Sum>(
        self,
        kernel: unsafe fn(Task),
        rows: usize,
        items: usize,
        input: *const Term,
        weight: *const Term,
        sums: &mut [[Sum; LANES]; ROWS],
    ) {
        const { assert!(size_of::<Sum>() == 4) }
        assert!(rows.is_multiple_of(2) && (2..=ROWS).contains(&rows) && items > 0);
        let configuration = Configuration::new(rows as u8 / 2);
        let upper = sums.as_mut_ptr();
        let task = Task {
            configuration: &raw const configuration,
            items,
            input,
            weight,
            upper: upper.cast(),
            // SAFETY: there are more than `rows / 2` rows.
            lower: unsafe { upper.add(rows / 2) }.cast(),
        };
        // SAFETY: `self` proves that the processor has the instructions. Each register reads 64
        // bytes of at most `HEIGHT` rows of a term, which are there for all items, and writes 64
        // bytes to `rows / 2` rows of the sums, from either half of which on there are as many.
        unsafe { kernel(task) }
    }
}

/// Whether the processor has tile registers and multiplies bf16 values and bytes in them.
fn is_here() -> bool {
    /// AMX-BF16, AMX-TILE and AMX-INT8.
    const ALL: u32 = 1 << 22 | 1 << 24 | 1 << 25;
    __cpuid_count(0, 0).eax >= 7 && __cpuid_count(7, 0).edx & ALL == ALL
}

/// Asks Linux to let this process use the tile registers. It fails on kernels without AMX, and if a
/// thread's signal stack is too small to save them.
#[allow(unsafe_code, reason = "a system call")]
fn is_permitted() -> bool {
    /// Not in every C library.
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: the call takes two numbers, and only permits later instructions.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

/// The shapes of the tile registers, as `ldtilecfg` reads them.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

impl Configuration {
    /// Sums in registers 0 to 3 and inputs in 4 and 5 have `rows` rows, weights in 6 and 7 have
    /// all.
    const fn new(rows: u8) -> Self {
        const ALL: u8 = HEIGHT as u8;
        const WIDE: u16 = 64;
        Self {
            palette: 1,
            start_row: 0,
            reserved: [0; 14],
            row_bytes: [WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, WIDE, 0, 0, 0, 0, 0, 0, 0, 0],
            rows: [rows, rows, rows, rows, rows, rows, ALL, ALL, 0, 0, 0, 0, 0, 0, 0, 0],
        }
    }
}

/// What a loop multiplies.
struct Task {
    configuration: *const Configuration,
    /// Items of input and weight; at least 1.
    items: usize,
    input: *const Term,
    weight: *const Term,
    /// The sums of the first half of the rows, and of the second.
    upper: *mut u32,
    lower: *mut u32,
}

/// Loads the first terms.
macro_rules! load {
    ($input:literal, $weight:literal) => {
        concat!(
            "tileloadd tmm4, [{input} + {stride} + 2048*",
            $input,
            "]\n",
            "tileloadd tmm6, [{weight} + {stride} + 2048*",
            $weight,
            "]\n",
            "tileloadd tmm5, [{input} + {stride} + 2048*",
            $input,
            " + 1024]\n",
            "tileloadd tmm7, [{weight} + {stride} + 2048*",
            $weight,
            " + 1024]",
        )
    };
}

/// Adds the product of the loaded terms to the sums, then loads a term of the input.
macro_rules! product_then_input {
    ($term:literal) => {
        concat!(
            "tdpbf16ps tmm0, tmm4, tmm6\n",
            "tdpbf16ps tmm1, tmm4, tmm7\n",
            "tileloadd tmm4, [{input} + {stride} + 2048*",
            $term,
            "]\n",
            "tdpbf16ps tmm2, tmm5, tmm6\n",
            "tdpbf16ps tmm3, tmm5, tmm7\n",
            "tileloadd tmm5, [{input} + {stride} + 2048*",
            $term,
            " + 1024]",
        )
    };
}

/// Adds the product of the loaded terms to the sums, then loads a term of the weight.
macro_rules! product_then_weight {
    ($term:literal) => {
        concat!(
            "tdpbf16ps tmm0, tmm4, tmm6\n",
            "tdpbf16ps tmm2, tmm5, tmm6\n",
            "tileloadd tmm6, [{weight} + {stride} + 2048*",
            $term,
            "]\n",
            "tdpbf16ps tmm1, tmm4, tmm7\n",
            "tdpbf16ps tmm3, tmm5, tmm7\n",
            "tileloadd tmm7, [{weight} + {stride} + 2048*",
            $term,
            " + 1024]",
        )
    };
}

/// Adds the product of the loaded terms to the sums.
macro_rules! product {
    () => {
        product!("tdpbf16ps")
    };
    ($instruction:literal) => {
        concat!(
            $instruction,
            " tmm0, tmm4, tmm6\n",
            $instruction,
            " tmm1, tmm4, tmm7\n",
            $instruction,
            " tmm2, tmm5, tmm6\n",
            $instruction,
            " tmm3, tmm5, tmm7",
        )
    };
}

/// Defines the loop for numbers of terms, from the body that multiplies the terms of one item.
macro_rules! define {
    ($name:ident, $input:literal, $weight:literal, $($body:expr),+ $(,)?) => {
        /// # Safety
        ///
        /// The processor has AMX and the kernel permits its use. The task's pointers are valid for
        /// its items and for the rows of its configuration.
        #[allow(unsafe_code, reason = "assembly reads and writes memory")]
        unsafe fn $name(task: Task) {
            // SAFETY: guaranteed by the caller.
            unsafe {
                asm!(
                    "ldtilecfg [{configuration}]",
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    "2:",
                    $($body,)+
                    concat!("add {input}, 2048*", $input),
                    concat!("add {weight}, 2048*", $weight),
                    "dec {items}",
                    "jnz 2b",
                    "mov {stride}, 128",
                    "tilestored [{upper} + {stride}], tmm0",
                    "tilestored [{upper} + {stride} + 64], tmm1",
                    "tilestored [{lower} + {stride}], tmm2",
                    "tilestored [{lower} + {stride} + 64], tmm3",
                    "tilerelease",
                    configuration = in(reg) task.configuration,
                    items = inout(reg) task.items => _,
                    input = inout(reg) task.input => _,
                    weight = inout(reg) task.weight => _,
                    upper = in(reg) task.upper,
                    lower = in(reg) task.lower,
                    stride = inout(reg) 64usize => _,
                    out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                    out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        }
    };
}

// Neighbouring products share a term, which is loaded once.
define!(bytes, 1, 1, load!(0, 0), product!("tdpbusd"));
define!(two_by_two, 2, 2, load!(1, 0), product_then_input!(0), product_then_weight!(1), product!());
define!(
    three_by_two,
    3,
    2,
    load!(2, 0),
    product_then_input!(1),
    product_then_weight!(1),
    product_then_input!(0),
    product_then_weight!(0),
    product!(),
);
define!(
    three_by_three,
    3,
    3,
    load!(2, 0),
    product_then_input!(1),
    product_then_weight!(1),
    product_then_input!(0),
    product_then_weight!(0),
    product_then_weight!(2),
    product!(),
);

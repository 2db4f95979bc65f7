//! One compiled wasm → one for browsers with relaxed SIMD and one for those without, with
//! optimisations that wasm compilers miss.
//!
//! Compiling everything twice for a few different instructions would take minutes. Instead, they
//! are replaced in the compiled module:
//!
//! - Most processors multiply and add in one instruction, which plain wasm SIMD cannot express: its
//!   two instructions take twice the time where both wait for the same unit. With relaxed SIMD they
//!   are fused; the result is rounded once instead of twice.
//! - The dot product of 8-bit numbers is compiled as it is, and removed for browsers without
//!   relaxed SIMD. Other relaxed instructions that LLVM emits have a plain counterpart; if one had
//!   not, Binaryen would refuse the module.
//! - A constant added to an address becomes part of the load in both versions. Browsers compute the
//!   address separately otherwise, which is a fifth of the innermost loops' instructions. LLVM
//!   leaves it because the sum might wrap, and Binaryen does not optimise vector loads that do more
//!   than load.

use std::convert::Infallible;

use anyhow::{Context as _, Result, bail};
use wasm_encoder::{
    CodeSection, Function, Instruction, Module, ValType,
    reencode::{Error, Reencode},
};
use wasmparser::{BinaryReaderError, FunctionBody, MemArg, Operator, Parser, Payload};

/// Fuses every `f32x4.mul` that feeds directly into an `f32x4.add`.
pub(crate) fn relaxed(wasm: &[u8]) -> Result<Vec<u8>> {
    rewritten(wasm, Target::Relaxed)
}

/// Replaces the module's only relaxed instruction without a plain counterpart, the dot product of
/// 8-bit numbers, by code that gives a wrong result. The engine tests the instruction with an
/// example and does not use it if the result is wrong.
pub(crate) fn plain(wasm: &[u8]) -> Result<Vec<u8>> {
    rewritten(wasm, Target::Plain)
}

/// Rewrites the module for a target. It is an error if nothing is found to replace, because then
/// the compiler's output has changed.
fn rewritten(wasm: &[u8], target: Target) -> Result<Vec<u8>> {
    let parameters = parameters(wasm)?.into_iter();
    let mut rewriter = Rewriter { target, parameters, counts: Counts::default() };
    let mut module = Module::new();
    rewriter.parse_core_module(&mut module, Parser::new(0), wasm).context("the wasm cannot be rewritten")?;
    match (target, rewriter.counts) {
        (Target::Relaxed, Counts { exchanged: 0, .. }) => bail!("no product of the wasm goes into a sum"),
        (Target::Plain, Counts { exchanged: 0, .. }) => bail!("the wasm has no dot product of 8-bit numbers"),
        (_, Counts { folded: 0, .. }) => bail!("no number that is added to an address goes into a load"),
        _ => Ok(module.finish()),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Target {
    Relaxed,
    Plain,
}

#[derive(Default)]
struct Counts {
    /// Replaced instructions.
    exchanged: usize,
    /// Additions merged into loads.
    folded: usize,
}

/// The number of parameters of each function with a body.
fn parameters(wasm: &[u8]) -> Result<Vec<u32>, BinaryReaderError> {
    let (mut types, mut functions) = (Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::TypeSection(section) => {
                for kind in section.into_iter_err_on_gc_types() {
                    types.push(kind?.params().len() as u32);
                }
            }
            Payload::FunctionSection(section) => {
                for index in section {
                    functions.push(types.get(index? as usize).copied().unwrap_or_default());
                }
            }
            _ => {}
        }
    }
    Ok(functions)
}

struct Rewriter {
    target: Target,
    parameters: std::vec::IntoIter<u32>,
    counts: Counts,
}

impl Reencode for Rewriter {
    type Error = Infallible;

    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        body: FunctionBody<'_>,
    ) -> Result<(), Error<Infallible>> {
        let mut locals = Vec::new();
        let mut count = self.parameters.next().unwrap_or_default();
        for local in body.get_locals_reader()? {
            let (times, kind) = local?;
            locals.push((times, self.val_type(kind)?));
            count += times;
        }
        // Locals for the sum and the factors, to reorder them.
        locals.push((3, ValType::V128));
        let [sum, left, right] = [count, count + 1, count + 2];
        let mut function = Function::new(locals);
        let mut reader = body.get_operators_reader()?;
        let mut operators = Vec::new();
        while !reader.eof() {
            operators.push(reader.read()?);
        }
        let fuses = self.target == Target::Relaxed;
        let mut rest = operators.as_slice();
        while let [operator, later @ ..] = rest {
            rest = match (operator, later) {
                // … sum, left, right: mul add
                (Operator::F32x4Mul, [Operator::F32x4Add, later @ ..]) if fuses => {
                    for local in [right, left, sum] {
                        function.instruction(&Instruction::LocalSet(local));
                    }
                    for local in [left, right, sum] {
                        function.instruction(&Instruction::LocalGet(local));
                    }
                    function.instruction(&Instruction::F32x4RelaxedMadd);
                    self.counts.exchanged += 1;
                    later
                }
                // … left, right: mul, sum, add
                (
                    Operator::F32x4Mul,
                    [Operator::LocalGet { local_index }, Operator::F32x4Add, later @ ..],
                ) if fuses => {
                    function.instruction(&Instruction::LocalGet(*local_index));
                    function.instruction(&Instruction::F32x4RelaxedMadd);
                    self.counts.exchanged += 1;
                    later
                }
                // … weight, x, sum: dot
                (Operator::I32x4RelaxedDotI8x16I7x16AddS, _) if !fuses => {
                    function.instruction(&Instruction::Drop).instruction(&Instruction::Drop);
                    self.counts.exchanged += 1;
                    later
                }
                // With relaxed SIMD, LLVM emits these where neither the sign of zeros nor NaN
                // matters.
                (Operator::F32x4RelaxedMax, _) if !fuses => {
                    function.instruction(&Instruction::F32x4PMax);
                    later
                }
                (Operator::F32x4RelaxedMin, _) if !fuses => {
                    function.instruction(&Instruction::F32x4PMin);
                    later
                }
                // … address: number, add, load
                (Operator::I32Const { value }, [Operator::I32Add, load, later @ ..])
                    if let Some(load) = further(load, *value) =>
                {
                    function.instruction(&self.instruction(load)?);
                    self.counts.folded += 1;
                    later
                }
                _ => {
                    function.instruction(&self.instruction(operator.clone())?);
                    later
                }
            };
        }
        code.function(&function);
        Ok(())
    }
}

/// A vector load with a larger offset. The numbers are small and no object lies at the end of the
/// address space, so the sum never wraps.
fn further(load: &Operator<'_>, bytes: i32) -> Option<Operator<'static>> {
    let bytes = u64::try_from(bytes).ok().filter(|bytes| *bytes < 1024)?;
    let further = |memarg: &MemArg| MemArg { offset: memarg.offset + bytes, ..*memarg };
    match load {
        Operator::V128Load { memarg } => Some(Operator::V128Load { memarg: further(memarg) }),
        Operator::V128Load8x8S { memarg } => Some(Operator::V128Load8x8S { memarg: further(memarg) }),
        Operator::V128Load32Splat { memarg } => Some(Operator::V128Load32Splat { memarg: further(memarg) }),
        _ => None,
    }
}

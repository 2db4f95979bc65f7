//! Wasm in which a product and the sum it goes into are one instruction, for browsers with relaxed SIMD.
//!
//! Most processors multiply and add in one step, which wasm's own SIMD has no word for: its two instructions take twice the time where both wait for
//! the same unit. Compiling everything once more for the few that differ would take minutes; here they are exchanged in what has been compiled. The
//! sum is rounded once instead of twice.

use std::convert::Infallible;

use anyhow::{Context as _, Result, bail};
use wasm_encoder::{
    CodeSection, Function, Instruction, Module, ValType,
    reencode::{Error, Reencode},
};
use wasmparser::{BinaryReaderError, FunctionBody, Operator, Parser, Payload};

/// The module with every `f32x4.mul` that goes straight into an `f32x4.add` fused with it.
pub(crate) fn fused(wasm: &[u8]) -> Result<Vec<u8>> {
    let mut fuser = Fuser { parameters: parameters(wasm)?.into_iter(), count: 0 };
    let mut module = Module::new();
    fuser.parse_core_module(&mut module, Parser::new(0), wasm).context("the wasm cannot be rewritten")?;
    if fuser.count == 0 {
        bail!("no product of the wasm goes into a sum");
    }
    Ok(module.finish())
}

/// How many parameters each function with a body has.
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

struct Fuser {
    parameters: std::vec::IntoIter<u32>,
    count: usize,
}

impl Reencode for Fuser {
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
        // Sum and factors on their way from beneath each other.
        locals.push((3, ValType::V128));
        let [sum, left, right] = [count, count + 1, count + 2];
        let mut function = Function::new(locals);
        let mut reader = body.get_operators_reader()?;
        let mut operators = Vec::new();
        while !reader.eof() {
            operators.push(reader.read()?);
        }
        let mut rest = operators.as_slice();
        while let [operator, later @ ..] = rest {
            rest = match (operator, later) {
                // … sum, left, right: mul add
                (Operator::F32x4Mul, [Operator::F32x4Add, later @ ..]) => {
                    for local in [right, left, sum] {
                        function.instruction(&Instruction::LocalSet(local));
                    }
                    for local in [left, right, sum] {
                        function.instruction(&Instruction::LocalGet(local));
                    }
                    self.fuse(&mut function);
                    later
                }
                // … left, right: mul, sum, add
                (
                    Operator::F32x4Mul,
                    [Operator::LocalGet { local_index }, Operator::F32x4Add, later @ ..],
                ) => {
                    function.instruction(&Instruction::LocalGet(*local_index));
                    self.fuse(&mut function);
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

impl Fuser {
    fn fuse(&mut self, function: &mut Function) {
        function.instruction(&Instruction::F32x4RelaxedMadd);
        self.count += 1;
    }
}

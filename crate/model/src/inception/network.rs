//! The layers, as `fid_inception_v3` of `pytorch_fid/inception.py` and torchvision's
//! `inception.py` define them, with their names.

use pickscore_checkpoint::weights::Tensor;

use super::{
    convolution::{Convolution, Window},
    error::InceptionError,
    image::Image,
    load::Tensors,
    pool,
};

/// Convolutions that run one after the other.
type Chain = Vec<Convolution>;

/// The network up to the mean over pixels.
#[derive(Debug)]
pub(super) struct Network {
    /// Up to the first pool, and up to the second.
    stem: [Chain; 2],
    blocks: Vec<Block>,
}

/// A block: branches that read the same image, and whose channels are joined.
#[derive(Debug)]
struct Block {
    branches: Vec<Branch>,
    pool: Pool,
    /// Follows the pool; nothing in the blocks that halve the image.
    after_pool: Chain,
}

/// Convolutions, of which the last ones may run beside each other.
#[derive(Debug)]
struct Branch {
    chain: Chain,
    beside: Vec<Convolution>,
}

/// The pool of a block, which is its last branch.
#[derive(Debug, Clone, Copy)]
enum Pool {
    Mean,
    Maximum,
    Halving,
}

const ONE: Window = Window { kernel: [1, 1], stride: 1, padding: [0, 0] };
/// 3 × 3 around each pixel.
const THREE: Window = Window { kernel: [3, 3], stride: 1, padding: [1, 1] };
/// 3 × 3 without padding.
const INNER: Window = Window { kernel: [3, 3], stride: 1, padding: [0, 0] };
/// 3 × 3 that halves the image.
const HALVING: Window = Window { kernel: [3, 3], stride: 2, padding: [0, 0] };
const FIVE: Window = Window { kernel: [5, 5], stride: 1, padding: [2, 2] };
const WIDE_7: Window = Window { kernel: [1, 7], stride: 1, padding: [0, 3] };
const HIGH_7: Window = Window { kernel: [7, 1], stride: 1, padding: [3, 0] };
const WIDE_3: Window = Window { kernel: [1, 3], stride: 1, padding: [0, 1] };
const HIGH_3: Window = Window { kernel: [3, 1], stride: 1, padding: [1, 0] };

impl Network {
    pub(super) fn new(tensors: Vec<Tensor>) -> Result<Self, InceptionError> {
        let mut tensors = Tensors::new(tensors);
        let mut stem = |layers: &[(&str, usize, Window)], inputs| chain(&mut tensors, "", inputs, layers);
        let stem = [
            stem(
                &[("Conv2d_1a_3x3", 32, HALVING), ("Conv2d_2a_3x3", 32, INNER), ("Conv2d_2b_3x3", 64, THREE)],
                3,
            )?,
            stem(&[("Conv2d_3b_1x1", 80, ONE), ("Conv2d_4a_3x3", 192, INNER)], 64)?,
        ];
        let mut build = Build { tensors, inputs: 192, name: String::new() };
        let blocks = vec![
            build.a("Mixed_5b", 32)?,
            build.a("Mixed_5c", 64)?,
            build.a("Mixed_5d", 64)?,
            build.b("Mixed_6a")?,
            build.c("Mixed_6b", 128)?,
            build.c("Mixed_6c", 160)?,
            build.c("Mixed_6d", 160)?,
            build.c("Mixed_6e", 192)?,
            build.d("Mixed_7a")?,
            build.e("Mixed_7b", Pool::Mean)?,
            build.e("Mixed_7c", Pool::Maximum)?,
        ];
        Ok(Self { stem, blocks })
    }

    /// `[299, 299, 3]` → `[2048]`
    pub(super) fn features(&self, image: Image) -> Vec<f32> {
        let mut image = image;
        for chain in &self.stem {
            image = pool::maximum(&through(chain, image), 2);
        }
        for block in &self.blocks {
            image = block.apply(&image);
        }
        pool::mean(&image)
    }
}

/// Runs an image through convolutions.
fn through(chain: &Chain, image: Image) -> Image {
    chain.iter().fold(image, |image, convolution| convolution.apply(&image))
}

impl Block {
    fn apply(&self, image: &Image) -> Image {
        let mut outputs = Vec::new();
        for Branch { chain, beside } in &self.branches {
            let [first, rest @ ..] = &chain[..] else { continue };
            let found = rest.iter().fold(first.apply(image), |image, convolution| convolution.apply(&image));
            if beside.is_empty() {
                outputs.push(found);
            } else {
                outputs.extend(beside.iter().map(|convolution| convolution.apply(&found)));
            }
        }
        let pooled = match self.pool {
            Pool::Mean => pool::mean_around(image),
            Pool::Maximum => pool::maximum_around(image),
            Pool::Halving => pool::maximum(image, 2),
        };
        outputs.push(through(&self.after_pool, pooled));
        Image::joined(&outputs)
    }
}

/// Convolutions one after the other, each with its name, outputs and window.
fn chain(
    tensors: &mut Tensors,
    prefix: &str,
    inputs: usize,
    layers: &[(&str, usize, Window)],
) -> Result<Chain, InceptionError> {
    let mut inputs = inputs;
    let mut build = |&(name, outputs, window): &(&str, usize, Window)| {
        let built = tensors.convolution(&format!("{prefix}{name}"), [inputs, outputs], window);
        inputs = outputs;
        built
    };
    layers.iter().map(&mut build).collect()
}

/// Builds blocks in order.
struct Build {
    tensors: Tensors,
    /// Channels that the next block reads.
    inputs: usize,
    /// The block's name with a dot.
    name: String,
}

impl Build {
    fn branch(&mut self, layers: &[(&str, usize, Window)]) -> Result<Branch, InceptionError> {
        self.split(layers, &[])
    }

    fn split(
        &mut self,
        layers: &[(&str, usize, Window)],
        beside: &[(&str, usize, Window)],
    ) -> Result<Branch, InceptionError> {
        let chain = chain(&mut self.tensors, &self.name, self.inputs, layers)?;
        let inputs = layers.last().map_or(self.inputs, |&(_, outputs, _)| outputs);
        let mut last = |&(name, outputs, window): &(&str, usize, Window)| {
            self.tensors.convolution(&format!("{}{name}", self.name), [inputs, outputs], window)
        };
        Ok(Branch { chain, beside: beside.iter().map(&mut last).collect::<Result<_, _>>()? })
    }

    /// Ends a block with its pool. `outputs` are the block's.
    fn block(
        &mut self,
        branches: Vec<Branch>,
        pool: Pool,
        pooled: usize,
        outputs: usize,
    ) -> Result<Block, InceptionError> {
        let after_pool = match pool {
            Pool::Halving => Vec::new(),
            Pool::Mean | Pool::Maximum => {
                chain(&mut self.tensors, &self.name, self.inputs, &[("branch_pool", pooled, ONE)])?
            }
        };
        self.inputs = outputs;
        Ok(Block { branches, pool, after_pool })
    }

    /// `FIDInceptionA`
    fn a(&mut self, name: &str, pooled: usize) -> Result<Block, InceptionError> {
        self.name = format!("{name}.");
        let branches = vec![
            self.branch(&[("branch1x1", 64, ONE)])?,
            self.branch(&[("branch5x5_1", 48, ONE), ("branch5x5_2", 64, FIVE)])?,
            self.branch(&[
                ("branch3x3dbl_1", 64, ONE),
                ("branch3x3dbl_2", 96, THREE),
                ("branch3x3dbl_3", 96, THREE),
            ])?,
        ];
        self.block(branches, Pool::Mean, pooled, 224 + pooled)
    }

    /// `InceptionB`
    fn b(&mut self, name: &str) -> Result<Block, InceptionError> {
        self.name = format!("{name}.");
        let branches = vec![
            self.branch(&[("branch3x3", 384, HALVING)])?,
            self.branch(&[
                ("branch3x3dbl_1", 64, ONE),
                ("branch3x3dbl_2", 96, THREE),
                ("branch3x3dbl_3", 96, HALVING),
            ])?,
        ];
        let outputs = 480 + self.inputs;
        self.block(branches, Pool::Halving, 0, outputs)
    }

    /// `FIDInceptionC`
    fn c(&mut self, name: &str, inner: usize) -> Result<Block, InceptionError> {
        self.name = format!("{name}.");
        let branches = vec![
            self.branch(&[("branch1x1", 192, ONE)])?,
            self.branch(&[
                ("branch7x7_1", inner, ONE),
                ("branch7x7_2", inner, WIDE_7),
                ("branch7x7_3", 192, HIGH_7),
            ])?,
            self.branch(&[
                ("branch7x7dbl_1", inner, ONE),
                ("branch7x7dbl_2", inner, HIGH_7),
                ("branch7x7dbl_3", inner, WIDE_7),
                ("branch7x7dbl_4", inner, HIGH_7),
                ("branch7x7dbl_5", 192, WIDE_7),
            ])?,
        ];
        self.block(branches, Pool::Mean, 192, 768)
    }

    /// `InceptionD`
    fn d(&mut self, name: &str) -> Result<Block, InceptionError> {
        self.name = format!("{name}.");
        let branches = vec![
            self.branch(&[("branch3x3_1", 192, ONE), ("branch3x3_2", 320, HALVING)])?,
            self.branch(&[
                ("branch7x7x3_1", 192, ONE),
                ("branch7x7x3_2", 192, WIDE_7),
                ("branch7x7x3_3", 192, HIGH_7),
                ("branch7x7x3_4", 192, HALVING),
            ])?,
        ];
        let outputs = 512 + self.inputs;
        self.block(branches, Pool::Halving, 0, outputs)
    }

    /// `FIDInceptionE_1` and, with a maximum, `FIDInceptionE_2`
    fn e(&mut self, name: &str, pool: Pool) -> Result<Block, InceptionError> {
        self.name = format!("{name}.");
        let branches = vec![
            self.branch(&[("branch1x1", 320, ONE)])?,
            self.split(
                &[("branch3x3_1", 384, ONE)],
                &[("branch3x3_2a", 384, WIDE_3), ("branch3x3_2b", 384, HIGH_3)],
            )?,
            self.split(
                &[("branch3x3dbl_1", 448, ONE), ("branch3x3dbl_2", 384, THREE)],
                &[("branch3x3dbl_3a", 384, WIDE_3), ("branch3x3dbl_3b", 384, HIGH_3)],
            )?,
        ];
        self.block(branches, pool, 192, super::FEATURES)
    }
}

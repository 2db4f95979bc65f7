//! Reproducible pseudorandom numbers from a seed and a name. `tests/parity/reference/generate.py`
//! generates the same numbers in Python.

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finaliser of splitmix64.
pub fn mixed(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn key(seed: u64, name: &str) -> u64 {
    let hash = |value: u64, byte: u8| (value ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    name.bytes().fold(0xCBF2_9CE4_8422_2325, hash).wrapping_add(seed.wrapping_mul(0xD134_2543_DE82_EF95))
}

/// The hashes for a seed and a name, from index `start` on.
pub fn hashes(seed: u64, name: &str, start: u64) -> impl Iterator<Item = u64> + use<> {
    let key = key(seed, name);
    (start + 1..).map(move |index| mixed(key.wrapping_add(index.wrapping_mul(GOLDEN))))
}

/// Maps the upper 24 bits of a hash to an f32 in −1..1, without rounding.
pub fn uniform(z: u64) -> f32 {
    ((z >> 40) as i32 - (1 << 23)) as f32 / (1 << 23) as f32
}

//! A natural logarithm for the inner loop of leave-one-out, which takes some hundred million of them.
//!
//! Only additions, multiplications and a table from `libm`, so it gives the same bits on every platform; without the
//! division and the branches of `libm::log` it takes a third of its time. The absolute error is below 1e-15 (times the size of the
//! result where that is above 1).

use std::sync::LazyLock;

const STEPS: usize = 128;
const ONE: u64 = 0x3FF0_0000_0000_0000;
const FRACTION: u64 = 0x000F_FFFF_FFFF_FFFF;

/// For each of the [`STEPS`] parts of [1, 2): one over its middle, and the logarithm of the middle.
pub(crate) struct Logarithm([(f64, f64); STEPS]);

static TABLE: LazyLock<Logarithm> = LazyLock::new(|| {
    Logarithm(std::array::from_fn(|i| {
        let inverse = 1.0 / (1.0 + (i as f64 + 0.5) / STEPS as f64);
        (inverse, -libm::log(inverse))
    }))
});

impl Logarithm {
    /// The one table; get it once, not for every logarithm.
    pub(crate) fn get() -> &'static Self {
        &TABLE
    }

    /// ln x, for a normal number above 0.
    #[inline]
    pub(crate) fn ln(&self, x: f64) -> f64 {
        let bits = x.to_bits();
        let exponent = (bits >> 52) as i32 - 1023;
        let (inverse, log) = self.0[(bits >> 45) as usize % STEPS];
        let r = f64::from_bits(bits & FRACTION | ONE) * inverse - 1.0;
        // The series of ln(1 + r); |r| is at most 1/256, so the first term left out is below 2^-58.
        let r2 = r * r;
        let tail = (1.0 / 3.0 - r * 0.25) + r2 * (0.2 - r * (1.0 / 6.0));
        f64::from(exponent) * std::f64::consts::LN_2 + log + (r - r2 * 0.5 + r2 * r * tail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_logarithm() {
        let logarithm = Logarithm::get();
        let mut x = 1e-7;
        while x < 1e9 {
            let (ours, libms) = (logarithm.ln(x), libm::log(x));
            assert!((ours - libms).abs() <= 1e-15 * libms.abs().max(1.0), "ln {x}: {ours}, {libms}");
            x *= 1.000_37;
        }
        assert!(logarithm.ln(1.0).abs() < 1e-15);
    }
}

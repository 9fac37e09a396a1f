//! Sums of weighted logarithms for the inner loop of leave-one-out, which adds up some hundred million of them.
//!
//! The weights of an article's terms are few, so numbers of one weight are multiplied before a logarithm is taken, which is
//! then a natural one of our own. Only additions, multiplications and a table from `libm`, so it gives the same bits on every platform; without the
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

/// So many numbers are multiplied before the logarithm of the product is taken. Numbers from 1e-15 to 1e15 cannot leave
/// the range of a product of so many, and there are no others: alpha is at least 1e-6.
const AT_ONCE: u32 = 16;

/// For every topic a sum of weight times ln number.
pub(crate) struct LogProducts {
    pub(crate) sums: Vec<f64>,
    products: Vec<f64>,
    /// The product of numbers that all topics share.
    shared: f64,
    weight: f64,
    /// How many numbers each product has at most.
    len: u32,
    logarithm: &'static Logarithm,
}

impl LogProducts {
    pub(crate) fn new(topics: usize) -> Self {
        Self {
            sums: vec![0.0; topics],
            products: vec![1.0; topics],
            shared: 1.0,
            weight: 0.0,
            len: 0,
            logarithm: Logarithm::get(),
        }
    }

    /// Starts anew, every topic's sum at `sum`.
    pub(crate) fn start(&mut self, sum: f64) {
        self.sums.fill(sum);
        self.weight = 0.0;
        self.len = 0;
    }

    /// Until the next call every topic gets one number at most, and all may share another; they have this weight.
    #[inline]
    pub(crate) fn next(&mut self, weight: f64) {
        if weight != self.weight || self.len == AT_ONCE {
            self.finish();
            self.weight = weight;
        }
        self.len += 1;
    }

    #[inline]
    pub(crate) fn multiply(&mut self, topic: usize, number: f64) {
        self.products[topic] *= number;
    }

    #[inline]
    pub(crate) fn multiply_all(&mut self, number: f64) {
        self.shared *= number;
    }

    /// Adds to the sums what is still a product.
    pub(crate) fn finish(&mut self) {
        let shared = self.weight * self.logarithm.ln(self.shared);
        for (sum, product) in self.sums.iter_mut().zip(&mut self.products) {
            *sum += shared;
            if *product != 1.0 {
                *sum += self.weight * self.logarithm.ln(*product);
                *product = 1.0;
            }
        }
        self.shared = 1.0;
        self.len = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_logarithm() {
        let logarithm = Logarithm::get();
        let mut x = 1e-290;
        while x < 1e290 {
            let (ours, libms) = (logarithm.ln(x), libm::log(x));
            assert!((ours - libms).abs() <= 1e-15 * libms.abs().max(1.0), "ln {x}: {ours}, {libms}");
            x *= 1.013_7;
        }
        assert!(logarithm.ln(1.0).abs() < 1e-15);
    }

    #[test]
    fn sums_of_products_are_sums_of_logarithms() {
        let mut products = LogProducts::new(2);
        products.start(3.0);
        let mut expected = [3.0, 3.0];
        for i in 1..100 {
            let weight = f64::from(i / 30);
            let (own, shared) = (f64::from(i * i), 1.0 / f64::from(i));
            products.next(weight);
            products.multiply(1, own);
            products.multiply_all(shared);
            expected[0] += weight * libm::log(shared);
            expected[1] += weight * (libm::log(shared) + libm::log(own));
        }
        products.finish();
        for (ours, expected) in products.sums.iter().zip(expected) {
            assert!((ours - expected).abs() < 1e-11, "{ours}, {expected}");
        }
    }
}

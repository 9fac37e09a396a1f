//! Memory that will be needed soon.

/// Asks the processor to fetch what stands there, and goes on. To read it would stop the processor once it has started as much
/// work behind it as it can keep in mind, long before memory answers.
#[inline]
pub(crate) fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    safe_arch::prefetch_t0(place);
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

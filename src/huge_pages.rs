//! Whether memory comes in pages of 2 MiB: large models are looked up faster in such, but every part of the heap that is
//! touched at all then takes 2 MiB, all of which the system has to clear. That doubles a server that holds a small model, and
//! takes a training run longer than it gains.

/// A model file of so many bytes no longer fits into the caches, nor what finds its pages into the processor.
const LARGE: u64 = 32 << 20;

/// Does without huge pages from now on.
pub(crate) fn avoid_huge_pages() {
    set(true);
}

/// Loads a model whose file has so many bytes: into huge pages where they pay.
pub(crate) fn in_huge_pages_for<T>(bytes: u64, load: impl FnOnce() -> T) -> T {
    if bytes < LARGE {
        return load();
    }
    set(false);
    let loaded = load();
    set(true);
    loaded
}

/// Where the system does not let us choose, its own way is as good.
#[cfg(target_os = "linux")]
fn set(disabled: bool) {
    let _ = rustix::thread::disable_transparent_huge_pages(disabled);
}

#[cfg(not(target_os = "linux"))]
fn set(_: bool) {}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn large_models_only_are_loaded_into_huge_pages() {
        let disabled = || rustix::thread::transparent_huge_pages_are_disabled().unwrap();
        avoid_huge_pages();
        assert!(in_huge_pages_for(LARGE - 1, disabled));
        assert!(!in_huge_pages_for(LARGE, disabled));
        assert!(disabled());
    }
}

//! Whether memory comes in pages of 2 MiB: large models are looked up faster in such, but every part of the heap that is
//! touched at all then takes 2 MiB, which doubles a server that holds a small model.

/// A model file of so many bytes no longer fits into the caches, nor what finds its pages into the processor.
const LARGE: usize = 32 << 20;

/// Does without huge pages from now on, until there is a large model.
pub fn avoid_huge_pages() {
    set(true);
}

/// Allows huge pages from now on where a model's file has so many bytes that they pay.
pub fn allow_huge_pages_for(bytes: usize) {
    if bytes >= LARGE {
        set(false);
    }
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
    fn small_models_do_not_bring_huge_pages_back() {
        let disabled = || rustix::thread::transparent_huge_pages_are_disabled().unwrap();
        avoid_huge_pages();
        allow_huge_pages_for(LARGE - 1);
        assert!(disabled());
        allow_huge_pages_for(LARGE);
        assert!(!disabled());
    }
}

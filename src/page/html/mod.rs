//! From HTML to a row of blocks and the elements around them.
//!
//! [`tokens`] follows the WHATWG standard and says where every token stands. [`parse()`] builds the tree by itself: blocks
//! need to know what is inside what, not every rule by which a browser repairs a page. So no node ever moves, the work for a
//! token is bounded, and the whole is linear in the size of the page.

mod hints;
mod parse;
mod start;
mod tags;
mod text;
mod tokens;

pub(super) use hints::Hints;
pub(super) use parse::parse;
pub(super) use tags::Tag;

//! Equal things, kept once: names, amounts and settings repeat from object to object.

use std::{borrow::Borrow, collections::HashSet, hash::Hash, sync::Arc};

/// Things of one type, each distinct one kept once.
#[derive(Debug)]
pub struct Pool<T: ?Sized>(HashSet<Arc<T>>);

impl<T: ?Sized> Default for Pool<T> {
    fn default() -> Self {
        Pool(HashSet::new())
    }
}

impl<T: ?Sized + Eq + Hash> Pool<T> {
    /// The one that is equal to `thing`, which becomes it where there was none.
    pub fn share<B>(&mut self, thing: B) -> Arc<T>
    where
        B: Borrow<T> + Into<Arc<T>>,
    {
        if let Some(known) = self.0.get(thing.borrow()) {
            return Arc::clone(known);
        }
        let new: Arc<T> = thing.into();
        self.0.insert(Arc::clone(&new));
        new
    }
}

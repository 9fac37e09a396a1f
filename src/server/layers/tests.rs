//! The layer around services that misbehave as ours never should.

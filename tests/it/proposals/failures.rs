//! The eight ways in which merging a draft fails, none of which happens here.

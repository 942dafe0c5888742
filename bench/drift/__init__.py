"""The watch over models beside evidently, scipy, alibi-detect and scikit-learn: `python -m bench.drift`."""

"""Text: lines, parallel corpora, SentencePiece tokenizers, encoded corpora, batches."""

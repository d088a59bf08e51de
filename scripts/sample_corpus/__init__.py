"""The bilingual English-German grammar behind the sample corpus."""

"""What a large model said of the bank's examples as the judge, blind, and how it was asked."""

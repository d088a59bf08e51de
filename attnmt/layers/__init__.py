"""The parts of the network; attention mechanisms are in `attention/`."""

from attnmt.layers.decoder import Decoder as Decoder
from attnmt.layers.decoder import DecoderState as DecoderState
from attnmt.layers.embedding import Embedding as Embedding
from attnmt.layers.embedding import Projection as Projection
from attnmt.layers.encoder import Encoded as Encoded
from attnmt.layers.encoder import Encoder as Encoder

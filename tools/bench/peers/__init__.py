"""The programs that are measured, each behind the interface of peer.py."""
from peers.ctranslate2_int8 import CTranslate2
from peers.ik_llama_cpp import IkLlamaCpp
from peers.llama_cpp import LlamaCpp
from peers.openvino_int4 import OpenVino

OTHERS = (LlamaCpp, IkLlamaCpp, OpenVino, CTranslate2)

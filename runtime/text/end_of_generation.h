//===- end_of_generation.h - Spellings of tokens that end an answer -------===//
//
// What model files do not say is known by spelling. Source:
// llama_vocab::impl::load in src/llama-vocab.cpp of llama.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef INGOT_RUNTIME_TEXT_END_OF_GENERATION_H
#define INGOT_RUNTIME_TEXT_END_OF_GENERATION_H

#include <initializer_list>
#include <string_view>

namespace ingot::text {

/// The first one that a vocabulary has ends a turn of a conversation.
inline constexpr std::initializer_list<std::string_view> endOfTurnSpellings = {
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>",         "<|endoftext|>",     "<|end_of_text|>",
    "<EOT>",      "_<EOT>",     "[EOT]",   "<｜end▁of▁sentence｜>", "<end_of_utterance>"};

/// All that a vocabulary has end what a model generates.
inline constexpr std::initializer_list<std::string_view> endOfGenerationSpellings = {"<|eot_id|>",
                                                                                     "<|im_end|>",
                                                                                     "<|end|>",
                                                                                     "<|return|>",
                                                                                     "<|call|>",
                                                                                     "<|flush|>",
                                                                                     "<|calls|>",
                                                                                     "<end_of_turn>",
                                                                                     "<|endoftext|>",
                                                                                     "</s>",
                                                                                     "<|eom_id|>",
                                                                                     "<EOT>",
                                                                                     "_<EOT>",
                                                                                     "[EOT]",
                                                                                     "[EOS]",
                                                                                     "<|end_of_text|>",
                                                                                     "<end_of_utterance>",
                                                                                     "<eos>",
                                                                                     "<turn|>",
                                                                                     "<|tool_response>",
                                                                                     "<｜end▁of▁sentence｜>",
                                                                                     "[e~["};

} // namespace ingot::text

#endif // INGOT_RUNTIME_TEXT_END_OF_GENERATION_H

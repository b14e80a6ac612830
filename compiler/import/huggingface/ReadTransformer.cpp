//===- ReadTransformer.cpp - what a config.json says of the model ---------===//

#include "compiler/import/RotaryFrequencies.h"
#include "compiler/import/huggingface/Config.h"
#include "compiler/import/json_text.h"
#include "compiler/import/mapped_file.h"

#include <cmath>

using namespace llvm;
using namespace ingot;
using namespace ingot::huggingface;
using compiler::Family;
using compiler::RotaryScaling;
using compiler::Transformer;
using model::ActivationFunction;

namespace {
/// Fills a Transformer in; each method stops at the first error.
class Reader {
public:
  Reader(const Config &config, const Family &family) : config(config), family(family) {
    static_cast<compiler::Traits &>(model) = family.traits;
  }

  Expected<Transformer> read(const compiler::Request &request) {
    for (auto step : {&Reader::checkFixedKeys, &Reader::readSizes, &Reader::readNumbers, &Reader::readActivation,
                      &Reader::readBiases})
      if (Error error = (this->*step)())
        return std::move(error);
    if (model.positions == compiler::Positions::Alibi)
      model.alibiSlopes = compiler::getAlibiSlopes(model.heads);
    if (family.refine)
      if (Error error = family.refine(config, model))
        return std::move(error);
    if (model.bidirectional)
      if (Error error = readEncoder(request))
        return std::move(error);
    if (Error error = readContext(request))
      return std::move(error);
    if (Error error = readWindows())
      return std::move(error);
    if (Error error = readRope())
      return std::move(error);
    return std::move(model);
  }

private:
  Error checkFixedKeys() {
    for (const compiler::FixedKey &fixed : family.fixedKeys) {
      const json::Value *value = config.find({fixed.key});
      if (value && *value != cantFail(compiler::parseJson(fixed.value)))
        return config.wrong(fixed.key, fixed.value + " (others are not supported for " + family.modelType + ")");
    }
    return Error::success();
  }

  Error readSizes() {
    int64_t layers = 0;
    if (Error error = readSize(layers, {"num_hidden_layers", "n_layer", "n_layers"}, mostLayers))
      return error;
    model.layers.resize(layers);
    if (Error error = readSize(model.width, {"hidden_size", "n_embd", "d_model", "dim"}, mostColumns))
      return error;
    model.tableWidth = model.width;
    if (Error error = readSize(model.vocabulary, {"vocab_size"}, INT32_MAX))
      return error;
    if (Error error = readSize(model.hidden, {family.hiddenKey}, mostColumns, 4 * model.width))
      return error;
    if (Error error = readSize(model.heads, {"num_attention_heads", "n_head", "n_heads"}, mostColumns))
      return error;
    if (Error error = readSize(model.keyValueHeads, {family.keyValueHeadsKey}, mostColumns,
                               family.keyValueHeads ? family.keyValueHeads : model.heads))
      return error;
    if (model.heads % model.keyValueHeads)
      return config.wrong(family.keyValueHeadsKey, "a divisor of the " + Twine(model.heads) + " heads");
    if (!config.has(family.headDimensionKey) && !family.headDimension && model.width % model.heads)
      return config.wrong("num_attention_heads", "a divisor of the width of " + Twine(model.width));
    if (Error error = readSize(model.headDimension, {family.headDimensionKey}, mostColumns,
                               family.headDimension ? family.headDimension : model.width / model.heads))
      return error;
    if (model.headDimension % 2 || model.headDimension * model.heads > mostColumns)
      return config.error("has heads of " + Twine(model.headDimension) + " elements (key 'head_dim', or " +
                          "'hidden_size' / 'num_attention_heads'); expected an even number, and at most " +
                          Twine(mostColumns) + " in all");
    Expected<bool> tied = config.getFlag("tie_word_embeddings", family.tiedHead);
    if (!tied)
      return tied.takeError();
    model.tiedHead = *tied;
    return Error::success();
  }

  Error readNumbers() {
    Expected<double> epsilon =
        config.getNumber({"rms_norm_eps", "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon"}, family.epsilon);
    if (!epsilon)
      return epsilon.takeError();
    if (*epsilon < 0)
      return config.error("has norms with a negative epsilon; expected at least 0");
    model.epsilon = static_cast<float>(*epsilon);
    for (const compiler::NumberKey &entry : family.numbers) {
      Expected<double> number = config.isNull(entry.key) ? 0.0 : config.getNumber({entry.key}, entry.fallback);
      if (!number)
        return number.takeError();
      if (entry.isDivisor && *number == 0)
        return config.wrong(entry.key, "a number other than 0");
      model.*entry.number = static_cast<float>(entry.isDivisor ? 1 / *number : *number);
    }
    return Error::success();
  }

  Error readActivation() {
    constexpr StringRef keys[] = {"hidden_activation", "hidden_act", "activation_function", "activation"};
    Expected<std::string> name = config.getText(keys, family.activation);
    if (!name)
      return name.takeError();
    std::optional<ActivationFunction> function = compiler::findActivation(*name);
    if (!function)
      return config.error("the activation " + compiler::quote(*name) +
                          " is not supported; supported: " + compiler::activationNames);
    model.activation = *function;
    return Error::success();
  }

  Error readBiases() {
    for (const compiler::BiasKey &entry : family.biasKeys) {
      Expected<bool> flag = config.getFlag(entry.key, entry.fallback);
      if (!flag)
        return flag.takeError();
      if (*flag)
        model.biases |= entry.roles;
    }
    return Error::success();
  }

  Error readContext(const compiler::Request &request) {
    constexpr StringRef keys[] = {"max_position_embeddings", "n_positions", "n_ctx", "seq_length"};
    int64_t trained = 0;
    if (Error error = readSize(trained, keys, mostContext, family.positionsWithoutKey))
      return error;
    model.positionOffset = family.positionOffset;
    if (family.positionsAfterPadding) {
      const json::Value *padding = config.find({"pad_token_id"});
      std::optional<int64_t> number = padding ? padding->getAsInteger() : 1;
      if (!number || *number < 0 || *number + 1 >= trained)
        return config.wrong("pad_token_id", "an integer of 0 to " + Twine(trained - 2) +
                                                ", after which the rows of the table of positions begin");
      model.positionOffset = *number + 1;
      trained -= model.positionOffset;
    }
    if (Error error = compiler::setContext(model, trained, request, "'max_position_embeddings'"))
      return config.error(toString(std::move(error)));
    trainedContext = trained;
    model.positionRows = trained + model.positionOffset;
    return Error::success();
  }

  /// What stands behind the layers of an encoder: nothing that is computed, or a classifier.
  Error readEncoder(const compiler::Request &request) {
    model.tiedHead = false;
    model.pooling = request.pooling.value_or(model.pooling);
    if (!family.names.tokenTypeTable.empty())
      if (Error error = readSize(model.tokenTypes, {"type_vocab_size"}, mostColumns, 2))
        return error;
    StringRef architecture;
    if (const json::Value *value = config.find({"architectures"})) {
      const json::Array *names = value->getAsArray();
      std::optional<StringRef> name = names && names->size() == 1 ? names->front().getAsString() : std::nullopt;
      if (!name)
        return config.wrong("architectures", "a list of one name");
      architecture = *name;
    }
    if (architecture.ends_with("ForSequenceClassification"))
      return readLabels();
    if (architecture.empty() || architecture.ends_with("Model") || architecture.ends_with("ForMaskedLM") ||
        architecture.ends_with("ForPreTraining"))
      return Error::success();
    return config.wrong("architectures", "a ...Model, ...ForMaskedLM or ...ForPreTraining, whose hidden states are "
                                         "computed, or a ...ForSequenceClassification");
  }

  /// As TextClassificationPipeline of transformers takes them.
  Error readLabels() {
    Expected<std::optional<Config>> found = config.findObject("id2label");
    if (!found)
      return found.takeError();
    model.labels = {"LABEL_0", "LABEL_1"};
    if (*found) {
      model.labels.assign((*found)->size(), "");
      if (model.labels.empty())
        return config.wrong("id2label", "at least one label");
      for (size_t index = 0; index < model.labels.size(); ++index) {
        Expected<std::string> label = (*found)->getText({std::to_string(index)}, "");
        if (!label)
          return label.takeError();
        if (!(*found)->has(std::to_string(index)))
          return config.wrong("id2label", "labels with the numbers 0 to " + Twine(model.labels.size() - 1));
        model.labels[index] = *label;
      }
    }
    Expected<std::string> problem = config.getText({"problem_type"}, "");
    if (!problem)
      return problem.takeError();
    if (*problem == "regression")
      model.labelScores = compiler::LabelScores::Plain;
    else if (*problem == "multi_label_classification" || model.labels.size() == 1)
      model.labelScores = compiler::LabelScores::Sigmoid;
    else if (!problem->empty() && *problem != "single_label_classification")
      return config.wrong("problem_type", "regression, multi_label_classification or single_label_classification");
    return Error::success();
  }

  Error readWindows() {
    if (family.windowRule == compiler::WindowRule::None)
      return Error::success();
    Expected<bool> isUsed =
        config.getFlag("use_sliding_window", family.windowRule != compiler::WindowRule::UpperLayers);
    if (!isUsed)
      return isUsed.takeError();
    int64_t window = 0;
    if (Error error = readSize(window, {"sliding_window"}, INT32_MAX, family.window))
      return error;
    if (config.isNull("sliding_window"))
      window = 0;
    if (!*isUsed || window == 0)
      return Error::success();
    return readWindowPattern(window);
  }

  /// Which layers see the window.
  Error readWindowPattern(int64_t window) {
    if (const json::Value *value = config.find({"layer_types"})) {
      const json::Array *types = value->getAsArray();
      if (!types || types->size() != model.layers.size())
        return config.wrong("layer_types", "a list of " + Twine(model.layers.size()) + " names, one a layer");
      for (const json::Value &type : *types) {
        std::optional<StringRef> name = type.getAsString();
        if (!name || (*name != "full_attention" && *name != "sliding_attention"))
          return config.wrong("layer_types", "full_attention or sliding_attention for every layer");
        isLocal.push_back(*name == "sliding_attention");
      }
    } else if (family.windowRule == compiler::WindowRule::UpperLayers) {
      int64_t first = 0;
      if (Error error = readSize(first, {"max_window_layers"}, mostLayers, 0))
        return error;
      for (int64_t layer = 0; layer < model.getLayerCount(); ++layer)
        isLocal.push_back(layer >= first);
    } else {
      int64_t every = 0;
      if (family.windowRule == compiler::WindowRule::Pattern)
        if (Error error = readSize(every, {"sliding_window_pattern"}, mostLayers, family.windowPattern))
          return error;
      isLocal = compiler::getLocalLayers(model, every);
    }
    compiler::setWindows(model, window, isLocal);
    return Error::success();
  }

  Error readRope() {
    if (model.positions != compiler::Positions::Rotary)
      return Error::success();
    int64_t rotated = 0;
    Expected<double> share = config.getNumber({"partial_rotary_factor", "rotary_pct"}, family.rotatedShare);
    if (!share)
      return share.takeError();
    if (*share <= 0 || *share > 1)
      return config.wrong(config.has("rotary_pct") ? "rotary_pct" : "partial_rotary_factor",
                          "a number above 0, at most 1");
    auto byShare = static_cast<int64_t>(static_cast<double>(model.headDimension) * *share);
    if (Error error = readSize(rotated, {"rotary_dim"}, model.headDimension, byShare))
      return error;
    if (rotated < 2 || rotated % 2)
      return config.error("turns " + Twine(rotated) + " elements of a head; expected an even number");
    Expected<double> base = config.getNumber({"rope_theta", "rotary_emb_base"}, family.ropeBase);
    if (!base)
      return base.takeError();
    Expected<double> localBase = config.getNumber({"rope_local_base_freq"}, family.localRopeBase);
    if (!localBase)
      return localBase.takeError();
    if (*base <= 1 || (*localBase && *localBase <= 1))
      return config.wrong(*base <= 1 ? "rope_theta" : "rope_local_base_freq", "a number above 1");

    compiler::Rope rope;
    rope.style = family.style;
    RotaryScaling scaling;
    if (Error error = readScaling(rotated, scaling, rope.magnitude))
      return error;
    rope.frequencies = compiler::computeRotaryFrequencies(rotated, *base, scaling);
    SmallVector<float> localFrequencies;
    if (*localBase != 0)
      localFrequencies = compiler::computeRotaryFrequencies(rotated, *localBase, {});
    compiler::setRopes(model, rope, localFrequencies, isLocal);
    return Error::success();
  }

  /// As ROPE_INIT_FUNCTIONS of transformers (modeling_rope_utils.py) compute it.
  Error readScaling(int64_t rotated, RotaryScaling &scaling, float &magnitude) {
    Expected<std::optional<Config>> found = config.findObject("rope_scaling");
    if (!found)
      return found.takeError();
    if (!*found)
      return Error::success();
    const Config &keys = **found;
    Expected<std::string> kind = keys.getText({"rope_type", "type"}, "default");
    if (!kind)
      return kind.takeError();
    // Within the trained context, which is all that is compiled for, a dynamic base is the trained one.
    if (*kind == "default" || *kind == "dynamic")
      return Error::success();
    if (*kind == "longrope" || *kind == "su")
      return readFactors(keys, rotated, scaling, magnitude);
    if (*kind != "linear" && *kind != "llama3" && *kind != "yarn")
      return config.error("key 'rope_scaling' is of the type " + compiler::quote(*kind) +
                          "; supported: default, linear, dynamic, yarn, longrope, llama3");

    auto read = [&](double &number, StringRef key, double fallback) -> Error {
      Expected<double> value = keys.getNumber({key}, fallback);
      if (!value)
        return value.takeError();
      number = *value;
      return number > 0 ? Error::success() : keys.wrong(key, "a number above 0 (in 'rope_scaling')");
    };
    if (!keys.has("factor"))
      return keys.wrong("factor", "a number above 0 (in 'rope_scaling')");
    if (Error error = read(scaling.factor, "factor", 1))
      return error;
    if (Error error =
            read(scaling.originalContext, "original_max_position_embeddings", static_cast<double>(trainedContext)))
      return error;
    if (*kind == "linear") {
      scaling.kind = RotaryScaling::Kind::Linear;
      return Error::success();
    }
    if (*kind == "llama3") {
      scaling.kind = RotaryScaling::Kind::Llama3;
      if (Error error = read(scaling.lowFrequencyFactor, "low_freq_factor", 1))
        return error;
      if (Error error = read(scaling.highFrequencyFactor, "high_freq_factor", 4))
        return error;
      if (scaling.highFrequencyFactor <= scaling.lowFrequencyFactor)
        return keys.wrong("high_freq_factor", "a number above 'low_freq_factor'");
      return Error::success();
    }
    scaling.kind = RotaryScaling::Kind::Yarn;
    if (Error error = read(scaling.fastTurns, "beta_fast", scaling.fastTurns))
      return error;
    if (Error error = read(scaling.slowTurns, "beta_slow", scaling.slowTurns))
      return error;
    Expected<bool> truncates = keys.getFlag("truncate", true);
    if (!truncates)
      return truncates.takeError();
    scaling.truncates = *truncates;
    auto magnitudeOf = [&](double weight) {
      return scaling.factor <= 1 ? 1.0 : 0.1 * weight * std::log(scaling.factor) + 1;
    };
    double number = magnitudeOf(1), scale = 0, scaleOfAll = 0;
    if (keys.has("mscale") && keys.has("mscale_all_dim")) {
      if (Error error = read(scale, "mscale", 1))
        return error;
      if (Error error = read(scaleOfAll, "mscale_all_dim", 1))
        return error;
      number = magnitudeOf(scale) / magnitudeOf(scaleOfAll);
    }
    if (Error error = read(number, "attention_factor", number))
      return error;
    magnitude = static_cast<float>(number);
    return Error::success();
  }

  /// LongRoPE: short factors within the trained context, long ones where the compiled context is longer.
  Error readFactors(const Config &keys, int64_t rotated, RotaryScaling &scaling, float &magnitude) {
    int64_t original = trainedContext;
    // Phi-3 has the number beside rope_scaling.
    const Config &place = config.has("original_max_position_embeddings") ? config : keys;
    Expected<std::optional<int64_t>> stated = place.findSize({"original_max_position_embeddings"}, mostContext);
    if (!stated)
      return stated.takeError();
    original = stated->value_or(trainedContext);
    scaling.kind = RotaryScaling::Kind::Factors;
    StringRef key = model.context > original ? "long_factor" : "short_factor";
    const json::Value *value = keys.find({key});
    const json::Array *factors = value ? value->getAsArray() : nullptr;
    if (!factors || static_cast<int64_t>(factors->size()) != rotated / 2)
      return keys.wrong(key, "a list of " + Twine(rotated / 2) + " numbers, one for each rotary pair");
    for (const json::Value &factor : *factors) {
      std::optional<double> number = factor.getAsNumber();
      if (!number || *number <= 0 || !std::isfinite(*number))
        return keys.wrong(key, "numbers above 0");
      scaling.factors.push_back(*number);
    }
    double ratio = static_cast<double>(trainedContext) / static_cast<double>(original);
    if (!config.has("original_max_position_embeddings")) {
      Expected<double> factor = keys.getNumber({"factor"}, 1);
      if (!factor)
        return factor.takeError();
      ratio = *factor;
    }
    double number = ratio <= 1 ? 1 : std::sqrt(1 + std::log(ratio) / std::log(static_cast<double>(original)));
    Expected<double> asked = keys.getNumber({"attention_factor"}, number);
    if (!asked)
      return asked.takeError();
    magnitude = static_cast<float>(*asked);
    return Error::success();
  }

  /// `fallback` where the key is absent; 0: that is an error.
  Error readSize(int64_t &size, ArrayRef<StringRef> keys, int64_t most, int64_t fallback = 0) {
    Expected<std::optional<int64_t>> found = config.findSize(keys, most);
    if (!found)
      return found.takeError();
    if (!*found && fallback == 0 && !isOptional(keys.front()))
      return config.wrong(keys.front(), "an integer of 1 to " + Twine(most));
    size = found->value_or(fallback);
    return Error::success();
  }
  /// Sizes that may be 0, which configurations write as null.
  static bool isOptional(StringRef key) { return key == "sliding_window" || key == "max_window_layers"; }

  const Config &config;
  const Family &family;
  Transformer model;
  int64_t trainedContext = 0;
  /// Of every layer, whether it sees a window only, be that shorter than the context or not; empty: none does.
  SmallVector<bool> isLocal;
};
} // namespace

Expected<Transformer> huggingface::readTransformer(const Config &config, const Family &family,
                                                   const compiler::Request &request) {
  return Reader(config, family).read(request);
}

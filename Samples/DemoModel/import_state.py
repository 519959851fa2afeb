"""Turns an exported model back into training state, to train it further without the folder it came from.

    python import_state.py MODEL.safetensors --work DIR

The optimizers begin afresh, and so do the text encoder's heads, which the file does not hold. Give `--easy 0` to
train_diffusion.py afterwards: the model has its first lessons behind it.
"""

import argparse
import os

import load_in_diffusers
import tokens
import workers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--work", required=True, help="folder for the training state")
    options = parser.parse_args()
    os.makedirs(options.work, exist_ok=True)
    pipeline, config = load_in_diffusers.load(options.model)
    known = tokens.Vocabulary(os.path.join(options.work, "tokenizer")).known
    text = pipeline.text_encoder.state_dict()
    for name, table in text.items():
        if name.endswith("token_embedding.weight"):
            assert set(table.abs().sum(1).nonzero().flatten().tolist()) <= set(known), "the world's words have changed"
            text[name] = table[[0, *known[1:]]].clone()
            text[name][0] = 0
    workers.save(os.path.join(options.work, "text.pt"), {"text": text, "step": 0, "known": known})
    workers.save(os.path.join(options.work, "vae.pt"), {"vae": pipeline.vae.state_dict(), "step": 0})
    weights = pipeline.unet.state_dict()
    state = {"unet": weights, "average": weights, "step": 0, "pictures": 0, "scale": config["vae"]["scaling_factor"]}
    workers.save(os.path.join(options.work, "unet.pt"), state)


if __name__ == "__main__":
    main()

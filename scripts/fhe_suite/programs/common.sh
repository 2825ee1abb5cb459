# What the programs of the submission have in common: read by each with the number of the instance. All paths are relative to the
# suite's root, where programs start; the plan of the server and the program `leveled` are beside this file.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
names=(single small medium large)
instance="${1:?usage: $(basename "$0") INSTANCE, 0 to 3}"
if ! [[ $instance =~ ^[0-3]$ ]]; then
    echo "error: instance $instance is not 0 to 3 (${names[*]})" >&2
    exit 2
fi
name="${names[$instance]}"
io="io/$name"
plan="$here/plan/$name"
bundle="$plan/client.lev"
keys="$io/public_keys/keys.lev"
secret="$io/secret_key/secret.lev"
upload="$io/ciphertexts_upload/images.lev"
result="$io/ciphertexts_download/logits.lev"
answers="$io/intermediate/answers.csv"
pixels="$io/intermediate/pixels.txt"
leveled="$here/leveled"

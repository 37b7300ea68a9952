# podman and buildah: the registries.conf that layerd itself prints for them, and storage in the work folder with the
# vfs driver, which needs nothing of the kernel.

containers_image_setup() {
    export CONTAINERS_REGISTRIES_CONF=$work/registries.conf
    client_config podman >"$CONTAINERS_REGISTRIES_CONF"
    echo '{"default": [{"type": "insecureAcceptAnything"}]}' >"$work/policy.json"
}

# The options that keep a client inside the work folder.
storage_options() { echo --root "$work/storage" --runroot "$work/run-storage" --storage-driver vfs; }

# The digests of the demo image's layers, uncompressed, as its config has them.
demo_diff_ids() {
    local config
    config=$(jq -r .config.digest "$(stored_blob "$(manifest_digest library/demo 1)")")
    jq -c .rootfs.diff_ids "$(stored_blob "$config")"
}

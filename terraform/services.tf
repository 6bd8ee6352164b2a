# What all services have in common. Each has a file of its own, which says what differs.

locals {
  # Settings that more than one service needs: the same in each.
  settings = merge({ PROFILE = "production" }, lookup(var.settings, "all", {}))

  secrets = { KEY_HASH_SECRET = var.key_hash_secret }

  # Google's sample listens and knows nothing. It stands in until the first build brings an image.
  # https://github.com/GoogleCloudPlatform/cloud-run-hello
  first_image = "us-docker.pkg.dev/cloudrun/container/hello"

  sizes = { for service, size in {
    publish = { min_instances = 1, max_instances = 20, cpu = "1", memory = "1Gi", concurrency = 100 }

    # /do-work works on different batches in parallel. One batch has its keys in memory, packed.
    export = { min_instances = 0, max_instances = 10, cpu = "2", memory = "2Gi", concurrency = 4 }

    cleanup = { min_instances = 0, max_instances = 3, cpu = "1", memory = "1Gi", concurrency = 4 }
    trust   = { min_instances = 0, max_instances = 3, cpu = "1", memory = "512Mi", concurrency = 4 }

    # Its memory holds UNIT_CACHE_MB and what is read beside it. MAX_CALLS is 32, and health comes on top.
    federation-serve = { min_instances = 0, max_instances = 10, cpu = "1", memory = "1Gi", concurrency = 40 }
    federation-pull  = { min_instances = 0, max_instances = 10, cpu = "1", memory = "1Gi", concurrency = 4 }
  } : service => merge(size, { for name, value in try(var.sizes[service], {}) : name => value if value != null }) }

  services = merge(
    { publish = module.publish, export = module.export, cleanup = module.cleanup, trust = module.trust },
    { for service in module.federation_serve : "federation-serve" => service },
    { for service in module.federation_pull : "federation-pull" => service },
  )
}

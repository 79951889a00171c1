{
  "variables": {
    "launcher%": "true",
    "cxx_library%": "true",
  },
  "targets": [
    {
      "target_name": "nbdkit_node",
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "cflags": ["-Wall", "-Wextra"],
      "cflags_cc": ["-std=c++20", "-fvisibility=hidden"],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++20",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
        "WARNING_CFLAGS": ["-Wall", "-Wextra"],
      },
      "defines": [
        "NAPI_VERSION=9",
        "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        # A thread may be ended while it loads the addon: nothing can be thrown there any more, and nobody would hear it.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ],
      "sources": [
        "native/account.cc",
        "native/addon.cc",
        "native/busy_poll.cc",
        "native/datagram.cc",
        "native/duplicate.cc",
        "native/errno_name.cc",
        "native/file_io.cc",
        "native/hang_up.cc",
        "native/impatience.cc",
        "native/js.cc",
        "native/listener.cc",
        "native/memory_map.cc",
        "native/pipe.cc",
        "native/prefetch.cc",
        "native/random.cc",
        "native/service.cc",
        "native/stream_socket.cc",
        "native/watch.cc",
        "native/system_log.cc",
      ],
      "conditions": [
        ["cxx_library=='false'", {
          "sources": ["native/no_cxx_library.cc"],
        }],
        ["OS=='linux' or OS=='freebsd'", {
          "ldflags": ["-Wl,--version-script=<(module_root_dir)/native/exports.map"],
        }],
        ["OS=='linux'", {
          "sources": [
            "native/advise_posix.cc",
            "native/allow_discards_linux.cc",
            "native/block_device_linux.cc",
            "native/extents_seek.cc",
            "native/hang_up_event_linux.cc",
            "native/lock_memory_posix.cc",
            "native/memory_file_linux.cc",
            "native/memory_lock_posix.cc",
            "native/nonblocking_flags.cc",
            "native/parent_death_linux.cc",
            "native/peer_credentials_linux.cc",
            "native/punch_linux.cc",
            "native/read_now_linux.cc",
            "native/vsock_linux.cc",
          ],
        }],
        ["OS=='freebsd'", {
          "sources": [
            "native/advise_posix.cc",
            "native/allow_discards_none.cc",
            "native/block_device_freebsd.cc",
            "native/extents_seek.cc",
            "native/hang_up_event_none.cc",
            "native/lock_memory_posix.cc",
            "native/memory_file_freebsd.cc",
            "native/memory_lock_posix.cc",
            "native/nonblocking_flags.cc",
            "native/parent_death_freebsd.cc",
            "native/peer_credentials_bsd.cc",
            "native/punch_freebsd.cc",
            "native/read_now_none.cc",
            "native/vsock_none.cc",
          ],
        }],
        ["OS=='mac'", {
          "sources": [
            "native/advise_none.cc",
            "native/block_device_darwin.cc",
            "native/extents_seek.cc",
            "native/hang_up_event_none.cc",
            "native/lock_memory_none.cc",
            "native/memory_file_none.cc",
            "native/memory_lock_posix.cc",
            "native/nonblocking_fcntl.cc",
            "native/parent_death_darwin.cc",
            "native/peer_credentials_bsd.cc",
            "native/punch_darwin.cc",
            "native/read_now_none.cc",
            "native/vsock_none.cc",
          ],
        }],
        ["OS!='linux' and OS!='freebsd' and OS!='mac'", {
          "sources": [
            "native/advise_none.cc",
            "native/block_device_none.cc",
            "native/extents_none.cc",
            "native/hang_up_event_none.cc",
            "native/lock_memory_none.cc",
            "native/memory_file_none.cc",
            "native/memory_lock_none.cc",
            "native/nonblocking_fcntl.cc",
            "native/parent_death_none.cc",
            "native/peer_credentials_none.cc",
            "native/punch_none.cc",
            "native/read_now_none.cc",
            "native/vsock_none.cc",
          ],
        }],
      ],
    },
  ],
  "conditions": [
    # Elsewhere nothing that a launcher could arm stays armed over exec.
    ["launcher=='true' and (OS=='linux' or OS=='freebsd')", {
      "targets": [
        {
          "target_name": "nbdkit-launcher",
          "type": "executable",
          "cflags": ["-Wall", "-Wextra"],
          "cflags_cc": ["-std=c++20"],
          "sources": ["native/launcher.cc", "native/launcher_options.cc", "native/parent_death_<(OS).cc"],
          "conditions": [
            # Starts in less time, and runs on any libc.
            ["OS=='linux'", {"ldflags": ["-static"]}],
          ],
        },
      ],
    }],
  ],
}

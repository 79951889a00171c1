{
  "variables": {
    "launcher%": "true",
    "cxx_library%": "true",
    # The name of the files for this system: native/socket/linux.cc and its like.
    "conditions": [
      ["OS=='linux' or OS=='freebsd'", {"system": "<(OS)"}, "OS=='mac'", {"system": "darwin"}, {"system": "other"}],
    ],
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
        # A worker thread may be ended while it loads the addon. JavaScript exceptions cannot be thrown there any more.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ],
      "sources": [
        "native/addon/addon.cc",
        "native/addon/busy_poll.cc",
        "native/addon/environment.cc",
        "native/addon/errno_name.cc",
        "native/addon/js.cc",
        "native/addon/watch.cc",
        "native/common/random.cc",
        "native/device/<(system).cc",
        "native/file/<(system).cc",
        "native/file/io.cc",
        "native/file/temporary_folder.cc",
        "native/memory/<(system).cc",
        "native/memory/map.cc",
        "native/process/<(system).cc",
        "native/process/names.cc",
        "native/process/signal_watchdog.cc",
        "native/process/terminal.cc",
        "native/socket/<(system).cc",
        "native/socket/datagram.cc",
        "native/socket/descriptor.cc",
        "native/socket/listener.cc",
        "native/socket/stream.cc",
      ],
      "conditions": [
        ["cxx_library=='false'", {"sources": ["native/addon/no_cxx_library.cc"]}],
        # What several systems have in common.
        ["system!='other'", {"sources": ["native/file/extents.cc", "native/memory/file_lock.cc"]}],
        ["OS=='linux' or OS=='freebsd'", {
          "sources": ["native/file/posix.cc", "native/memory/posix.cc", "native/socket/posix.cc"],
          "ldflags": ["-Wl,--version-script=<(module_root_dir)/native/addon/exports.map"],
        }, {
          "sources": ["native/socket/fcntl.cc"],
        }],
      ],
    },
  ],
  "conditions": [
    # Only Linux and FreeBSD have a parent-death signal that survives exec, and let a process adopt orphans.
    ["launcher=='true' and (OS=='linux' or OS=='freebsd')", {
      "targets": [
        {
          "target_name": "nbdkit-launcher",
          "type": "executable",
          "cflags": ["-Wall", "-Wextra"],
          "cflags_cc": ["-std=c++20"],
          "sources": [
            "native/launcher/debugger.cc",
            "native/launcher/main.cc",
            "native/launcher/options.cc",
            "native/process/<(system).cc",
          ],
          "conditions": [
            # A static program starts faster and runs on any libc.
            ["OS=='linux'", {"ldflags": ["-static"]}],
          ],
        },
        {
          "target_name": "nbdkit-guardian",
          "type": "executable",
          "cflags": ["-Wall", "-Wextra"],
          "cflags_cc": ["-std=c++20"],
          "sources": [
            "native/guardian/<(system).cc",
            "native/guardian/channel.cc",
            "native/guardian/command.cc",
            "native/guardian/guardian.cc",
            "native/guardian/main.cc",
            "native/guardian/private_directory.cc",
            "native/process/<(system).cc",
          ],
          "conditions": [
            ["OS=='linux'", {"ldflags": ["-static"], "sources": ["native/guardian/process_list.cc"]}],
          ],
        },
      ],
    }],
  ],
}

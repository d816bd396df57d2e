{
  'targets': [{
    'target_name': 'likeness',
    'sources': ['binding.cc', 'coded_binding.cc', 'dispatch.cc', 'scan.cc', 'coded_scan.cc', 'all_pairs.cc', 'all_pairs_binding.cc',
                'kernels/dot_scalar.cc', 'kernels/code_scalar.cc', 'kernels/tile_scalar.cc',
                'kernel_set.cc', 'table/pages.cc', 'table/pages_binding.cc', 'table/table.cc', 'table/queries.cc', 'table/flat.cc', 'table/table_binding.cc',
                'graph/nodes.cc', 'graph/beam.cc', 'graph/graph.cc', 'graph/graph_search.cc', 'graph/pool.cc', 'graph/environment.cc', 'graph/values.cc', 'graph/graph_binding.cc',
                'snapshot/crc32c.cc', 'snapshot/writer.cc', 'snapshot/reader.cc', 'snapshot/mapping.cc', 'snapshot/jobs.cc', 'snapshot/snapshot_binding.cc',
                'snapshot/index_binding.cc', 'table/table_snapshot.cc', 'graph/graph_snapshot.cc'],
    'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
    'defines': ['NAPI_VERSION=9', 'NODE_ADDON_API_CPP_EXCEPTIONS'],
    'cflags_cc!': ['-fno-exceptions', '-fno-rtti'],
    # GCC warns of its own AVX-512 intrinsics as uninitialised (GCC bug 105593), hence the two exceptions.
    'cflags_cc': ['-std=c++17', '-O3', '-Wall', '-Wextra', '-Werror', '-Wno-uninitialized', '-Wno-maybe-uninitialized', '-fvisibility=hidden'],
    'xcode_settings': {
      'CLANG_CXX_LANGUAGE_STANDARD': 'c++17',
      'GCC_ENABLE_CPP_EXCEPTIONS': 'YES',
      'GCC_OPTIMIZATION_LEVEL': '3',
      'OTHER_CPLUSPLUSFLAGS': ['-Wall', '-Wextra', '-Werror', '-fvisibility=hidden'],
    },
    'conditions': [
      ["target_arch=='x64'", {'sources': ['kernels/dot_avx2.cc', 'kernels/dot_avx512.cc', 'kernels/code_avx2.cc', 'kernels/code_avx512vnni.cc', 'kernels/tile_avx2.cc', 'kernels/tile_avx512.cc']}],
      ["target_arch=='arm64'", {'sources': ['kernels/dot_neon.cc', 'kernels/code_neondot.cc', 'kernels/tile_neon.cc']}],
    ],
  }],
}

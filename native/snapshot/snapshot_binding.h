#pragma once
#include <napi.h>

#include <functional>
#include <memory>

#include "container.h"

namespace likeness {

// Adds { snapshots: { Writer, Reader, mapRows, checksums } } to the exports.
void register_snapshots(Napi::Env env, Napi::Object exports);

// For classes whose objects write themselves: runs `work` on a thread in the background with the file of a Writer.
// The promise is that of Writer.write. Throws a TypeError where it is none.
Napi::Value write_in_background(Napi::Value writer, std::function<void(SnapshotWriter&)> work);

// For classes that are read: the file of a Reader. Throws a TypeError where it is none, an Error where it was closed.
std::shared_ptr<const SnapshotReader> snapshot_of(Napi::Value reader);

}  // namespace likeness

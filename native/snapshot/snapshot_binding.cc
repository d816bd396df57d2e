// The classes Writer and Reader of snapshot files as JavaScript sees them.
#include "snapshot_binding.h"

#include <cstring>
#include <string>

#include "crc32c.h"
#include "index_binding.h"
#include "jobs.h"
#include "mapping.h"

namespace likeness {
namespace {

struct Bytes {
  void* data = nullptr;
  std::size_t size = 0;
};

// The memory of a typed array, shared or not.
Bytes bytes_of(const Napi::Value& value) {
  napi_typedarray_type type;
  std::size_t length = 0;
  Bytes bytes;
  if (napi_get_typedarray_info(value.Env(), value, &type, &length, &bytes.data, nullptr, nullptr) != napi_ok)
    throw Napi::TypeError::New(value.Env(), "data must be a typed array");
  bytes.size = length * value.As<Napi::TypedArray>().ElementSize();
  return bytes;
}

std::string string_of(const Napi::Value& value, const char* name) {
  if (!value.IsString()) throw Napi::TypeError::New(value.Env(), std::string(name) + " must be a string");
  return value.As<Napi::String>().Utf8Value();
}

// Runs it; what goes wrong in the system becomes an Error with a code.
template <typename Body>
auto translated(Napi::Env env, Body body) {
  try {
    return body();
  } catch (const SnapshotError&) {
    throw error_of(env, std::current_exception());
  } catch (const std::bad_alloc&) {
    throw error_of(env, std::current_exception());
  }
}

// A Float32Array over mapped memory, which is unmapped when nobody can reach it any more.
Napi::Value rows_over(Napi::Env env, std::unique_ptr<Mapping> mapping) {
  Mapping* const mapped = mapping.get();
  const auto buffer = Napi::ArrayBuffer::New(env, mapped->data(), mapped->size(),
                                             [](Napi::Env, void*, Mapping* unused) { delete unused; }, mapped);
  mapping.release();
  return Napi::Float32Array::New(env, mapped->size() / sizeof(float), buffer, 0);
}

// new Writer(path, bytesPerSecond): one call at a time.
class Writer : public Napi::ObjectWrap<Writer> {
 public:
  static constexpr napi_type_tag kTag = {0x6c696b656e657373u, 0x736e61707772u};

  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Writer",
                       {InstanceMethod<&Writer::write>("write"), InstanceMethod<&Writer::commit>("commit"),
                        InstanceMethod<&Writer::cancel>("cancel")});
  }

  explicit Writer(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    const std::string path = string_of(info[0], "path");
    if (!info[1].IsNumber() || !(info[1].As<Napi::Number>().DoubleValue() >= 0))
      throw Napi::TypeError::New(info.Env(), "bytesPerSecond must be a number from 0 up");
    const auto rate = static_cast<std::uint64_t>(info[1].As<Napi::Number>().DoubleValue());
    translated(info.Env(), [&] { file_ = std::make_shared<SnapshotWriter>(path, rate); });
    Value().TypeTag(&kTag);
  }

  Napi::Value start(std::function<void(SnapshotWriter&)> work, Napi::Object kept = {},
                    std::function<Napi::Value(Napi::Env)> result = nullptr) {
    if (!file_) throw coded("SNAPSHOT_CANCELLED", "the snapshot was cancelled");
    if (*busy_) throw coded("SNAPSHOT_STATE", "the snapshot is being written to");
    *busy_ = true;
    Job job;
    job.background = true;
    job.kept = kept;
    job.result = std::move(result);
    job.work = [file = file_, busy = busy_, work = std::move(work)](const Cancel& cancel) {
      struct Freed {
        Cancel& flag;
        ~Freed() { flag = false; }
      } freed{*busy};
      if (cancel) file->cancel();
      work(*file);
    };
    return start_job(Env(), std::move(job));
  }

 private:
  Napi::Error coded(const char* code, const char* message) {
    return error_of(Env(), std::make_exception_ptr(SnapshotError(code, message)));
  }

  // write(section, data): adds to the section of this name, the last one or a new one. `data` must lie in memory that
  // does not move and be left alone until the promise resolves.
  Napi::Value write(const Napi::CallbackInfo& info) {
    const std::string section = string_of(info[0], "section");
    const Bytes bytes = bytes_of(info[1]);
    return start([section, bytes](SnapshotWriter& file) { file.write(section, bytes.data, bytes.size); },
                 info[1].As<Napi::Object>());
  }

  // commit(path) -> the bytes of the file, which has this name now.
  Napi::Value commit(const Napi::CallbackInfo& info) {
    const std::string path = string_of(info[0], "path");
    auto size = std::make_shared<std::uint64_t>(0);
    return start([path, size](SnapshotWriter& file) { *size = file.commit(path); }, {},
                 [size](Napi::Env env) { return Napi::Number::New(env, static_cast<double>(*size)); });
  }

  // cancel(): removes the file, or lets the call under way fail and remove it. Again, or after commit, it does nothing.
  void cancel(const Napi::CallbackInfo&) {
    if (file_) file_->cancel();
    file_.reset();
  }

  std::shared_ptr<SnapshotWriter> file_;
  const std::shared_ptr<Cancel> busy_ = std::make_shared<Cancel>(false);
};

// new Reader(path): checks the header and the table, nothing else.
class Reader : public Napi::ObjectWrap<Reader> {
 public:
  static constexpr napi_type_tag kTag = {0x6c696b656e657373u, 0x736e61707264u};

  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Reader",
                       {InstanceAccessor<&Reader::sections>("sections"), InstanceMethod<&Reader::read>("read"),
                        InstanceMethod<&Reader::map>("map"), InstanceMethod<&Reader::close>("close")});
  }

  explicit Reader(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    const std::string path = string_of(info[0], "path");
    translated(info.Env(), [&] { file_ = std::make_shared<const SnapshotReader>(path); });
    Value().TypeTag(&kTag);
  }

  std::shared_ptr<const SnapshotReader> file() {
    if (file_) return file_;
    throw error_of(Env(), std::make_exception_ptr(SnapshotError("SNAPSHOT_STATE", "the snapshot was closed")));
  }

 private:
  const Section& named(const Napi::Value& name) {
    const std::string wanted = string_of(name, "section");
    return translated(Env(), [&]() -> std::reference_wrapper<const Section> { return file()->section(wanted); });
  }

  // [{ name, bytes }]
  Napi::Value sections(const Napi::CallbackInfo& info) {
    const auto& all = file()->sections();
    auto list = Napi::Array::New(info.Env(), all.size());
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto entry = Napi::Object::New(info.Env());
      entry.Set("name", all[i].name);
      entry.Set("bytes", static_cast<double>(all[i].length));
      list.Set(static_cast<std::uint32_t>(i), entry);
    }
    return list;
  }

  // read(section, into): RangeError unless `into` is as long as the section; it must be left alone until then.
  Napi::Value read(const Napi::CallbackInfo& info) {
    const Section& section = named(info[0]);
    const Bytes bytes = bytes_of(info[1]);
    if (bytes.size != section.length)
      throw Napi::RangeError::New(Env(), "section " + section.name + " has " + std::to_string(section.length) +
                                             " bytes, into has " + std::to_string(bytes.size));
    Job job;
    job.kept = info[1].As<Napi::Object>();
    job.work = [file = file(), &section, bytes](const Cancel& cancel) { file->read(section, bytes.data, cancel); };
    return start_job(Env(), std::move(job));
  }

  // map(section) -> a Float32Array over the section, which has been held to its checksum.
  Napi::Value map(const Napi::CallbackInfo& info) {
    const Section& section = named(info[0]);
    auto mapping = std::make_shared<std::unique_ptr<Mapping>>();
    Job job;
    job.work = [file = file(), &section, mapping](const Cancel& cancel) {
      file->verify(section, cancel);
      *mapping = Mapping::of_section(*file, section);
    };
    job.result = [mapping](Napi::Env env) { return rows_over(env, std::move(*mapping)); };
    return start_job(Env(), std::move(job));
  }

  // close(): lets go of the file once reads under way have ended. What was mapped stays.
  void close(const Napi::CallbackInfo&) { file_.reset(); }

  std::shared_ptr<const SnapshotReader> file_;
};

// The native object of one of the classes above.
template <typename Class>
Class* unwrapped(const Napi::Value& value, const char* complaint) {
  if (!value.IsObject() || !value.As<Napi::Object>().CheckTypeTag(&Class::kTag))
    throw Napi::TypeError::New(value.Env(), complaint);
  return Class::Unwrap(value.As<Napi::Object>());
}

// mapRows(directory, floats) -> a Float32Array of zeros that lies in a nameless file there. ENOSPC where it has no room.
Napi::Value map_rows(const Napi::CallbackInfo& info) {
  const std::string directory = string_of(info[0], "directory");
  constexpr double kMost = 1u << 30;
  const double floats = info[1].IsNumber() ? info[1].As<Napi::Number>().DoubleValue() : 0;
  if (!(floats >= 1 && floats <= kMost)) throw Napi::RangeError::New(info.Env(), "floats must be from 1 to 2^30");
  const std::size_t size = static_cast<std::size_t>(floats) * sizeof(float);
  return translated(info.Env(), [&] { return rows_over(info.Env(), Mapping::scratch(directory, size)); });
}

// run(bytes, crc) of one kernel.
Napi::Value run_checksum(const Napi::CallbackInfo& info) {
  const auto* const kernel = static_cast<const Crc32cKernel*>(info.Data());
  const Bytes bytes = bytes_of(info[0]);
  return Napi::Number::New(info.Env(), kernel->run(info[1].ToNumber().Uint32Value(), bytes.data, bytes.size));
}

}  // namespace

Napi::Value write_in_background(Napi::Value writer, std::function<void(SnapshotWriter&)> work) {
  return unwrapped<Writer>(writer, "not a snapshot Writer")->start(std::move(work));
}

std::shared_ptr<const SnapshotReader> snapshot_of(Napi::Value reader) {
  return unwrapped<Reader>(reader, "not a snapshot Reader")->file();
}

void register_snapshots(Napi::Env env, Napi::Object exports) {
  auto snapshots = Napi::Object::New(env);
  snapshots.Set("Writer", Writer::define(env));
  snapshots.Set("Reader", Reader::define(env));
  snapshots.Set("mapRows", Napi::Function::New<map_rows>(env, "mapRows"));
  auto checksums = Napi::Array::New(env);
  for (const auto& kernel : crc32c_kernels()) {
    auto entry = Napi::Object::New(env);
    entry.Set("name", kernel.name);
    auto* const data = const_cast<Crc32cKernel*>(&kernel);
    entry.Set("run", Napi::Function::New<run_checksum>(env, "run", data));
    checksums.Set(checksums.Length(), entry);
  }
  snapshots.Set("checksums", checksums);
  register_index_snapshots(env, snapshots);
  exports.Set("snapshots", snapshots);
}

}  // namespace likeness

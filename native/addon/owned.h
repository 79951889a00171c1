#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

// A table that owns resources which JavaScript knows by a number: descriptors, mappings. Each resource has
// one owner, this table, until it is taken out once. The destructor of the table frees the rest. `Resource`
// is movable, frees itself, converts to true unless it is empty, and has a `numberOf`.
template <class Resource>
class Owned {
 public:
  int64_t add(Resource resource) {
    const int64_t number = numberOf(resource);
    resources_.push_back(std::move(resource));
    return number;
  }

  bool has(int64_t number) const { return find(number) != resources_.size(); }

  // Returns an empty resource when the table has no resource with that number.
  Resource take(int64_t number) {
    const size_t index = find(number);
    if (index == resources_.size()) return {};
    std::swap(resources_[index], resources_.back());
    Resource taken = std::move(resources_.back());
    resources_.pop_back();
    return taken;
  }

  void clear() { resources_.clear(); }

 private:
  size_t find(int64_t number) const {
    size_t index = 0;
    while (index < resources_.size() && numberOf(resources_[index]) != number) index++;
    return index;
  }

  std::vector<Resource> resources_;
};

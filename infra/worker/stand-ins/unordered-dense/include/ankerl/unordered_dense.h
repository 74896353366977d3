// Stand-in for ankerl::unordered_dense: the same names over std containers.
// std::unordered_map/set keep every guarantee the worker relies on
// (erase(iterator) returns the next one; references survive inserts).
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace ankerl::unordered_dense
{
	// Integers, enums and pointers are scrambled (std::hash is the identity for
	// them); anything else goes to std::hash.
	template<typename T>
	struct hash
	{
		size_t operator()(const T& value) const noexcept(noexcept(std::hash<T>{}(value)))
		{
			if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
			{
				return mix(static_cast<uint64_t>(value));
			}
			else if constexpr (std::is_pointer_v<T>)
			{
				return mix(static_cast<uint64_t>(reinterpret_cast<uintptr_t>(value)));
			}
			else
			{
				return std::hash<T>{}(value);
			}
		}

	private:
		// Bijective 64-bit finalizer (two xorshift-multiply rounds).
		static constexpr size_t mix(uint64_t x) noexcept
		{
			x += 0x9e3779b97f4a7c15ull;
			x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
			x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
			return static_cast<size_t>(x ^ (x >> 31));
		}
	};

	template<
	  typename K,
	  typename V,
	  typename H = hash<K>,
	  typename E = std::equal_to<K>,
	  typename A = std::allocator<std::pair<const K, V>>>
	using map = std::unordered_map<K, V, H, E, A>;

	template<
	  typename K,
	  typename H = hash<K>,
	  typename E = std::equal_to<K>,
	  typename A = std::allocator<K>>
	using set = std::unordered_set<K, H, E, A>;
} // namespace ankerl::unordered_dense

// The part of the libsrtp 3 API that mediasoup-worker calls, over libsrtp 2.5+.
// C++ only: the v3 calls are overloads of the C functions of the same name.
#pragma once
#ifndef __cplusplus
#error "this srtp.h is a C++ shim"
#endif

// libsrtp 3's srtp_policy_t is an opaque handle, libsrtp 2's a plain struct.
#define srtp_policy_t srtp2_policy_t
#include <srtp2/srtp.h>
#undef srtp_policy_t

#include <openssl/crypto.h> // OPENSSL_cleanse()
#include <climits>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

// libsrtp 2 documents SRTP_MAX_TRAILER_LEN + 4 for SRTCP (the E flag + index).
#ifndef SRTP_MAX_SRTCP_TRAILER_LEN
#define SRTP_MAX_SRTCP_TRAILER_LEN (SRTP_MAX_TRAILER_LEN + 4)
#endif

// Error codes new in libsrtp 3 (same values there).
constexpr srtp_err_status_t srtp_err_status_buffer_small = static_cast<srtp_err_status_t>(28);
constexpr srtp_err_status_t srtp_err_status_cryptex_err  = static_cast<srtp_err_status_t>(29);

struct srtp3_shim_policy
{
	srtp2_policy_t v2;
	srtp_profile_t profile;
	size_t keyLen;
	unsigned char key[SRTP_MAX_KEY_LEN];
};
typedef struct srtp3_shim_policy* srtp_policy_t;

inline srtp_err_status_t srtp_policy_create(srtp_policy_t* policy)
{
	if (!policy)
	{
		return srtp_err_status_bad_param;
	}

	*policy = new (std::nothrow) srtp3_shim_policy();

	return *policy ? srtp_err_status_ok : srtp_err_status_alloc_fail;
}

inline void srtp_policy_destroy(srtp_policy_t policy)
{
	if (policy)
	{
		OPENSSL_cleanse(policy->key, sizeof(policy->key));
		delete policy;
	}
}

inline srtp_err_status_t srtp_policy_set_ssrc(srtp_policy_t policy, srtp_ssrc_t ssrc)
{
	if (!policy)
	{
		return srtp_err_status_bad_param;
	}

	policy->v2.ssrc = ssrc;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_profile(srtp_policy_t policy, srtp_profile_t profile)
{
	if (!policy)
	{
		return srtp_err_status_bad_param;
	}

	// For the _32 profile this gives RTCP an 80-bit tag, as RFC 5764 wants.
	srtp_err_status_t err = srtp_crypto_policy_set_from_profile_for_rtp(&policy->v2.rtp, profile);

	if (err == srtp_err_status_ok)
	{
		err = srtp_crypto_policy_set_from_profile_for_rtcp(&policy->v2.rtcp, profile);
	}

	if (err == srtp_err_status_ok)
	{
		policy->profile = profile;
	}

	return err;
}

// One key, no MKI: all that the worker uses.
inline srtp_err_status_t srtp_policy_add_key(
  srtp_policy_t policy,
  const uint8_t* key,
  size_t keyLen,
  const uint8_t* salt,
  size_t saltLen,
  const uint8_t* /*mki*/,
  size_t mkiLen)
{
	if (!policy || !key || !salt || mkiLen != 0 || policy->keyLen != 0)
	{
		return srtp_err_status_bad_param;
	}

	if (keyLen > sizeof(policy->key) || saltLen > sizeof(policy->key) - keyLen)
	{
		return srtp_err_status_bad_param;
	}

	std::memcpy(policy->key, key, keyLen);
	std::memcpy(policy->key + keyLen, salt, saltLen);
	policy->keyLen = keyLen + saltLen;
	policy->v2.key = policy->key;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_allow_repeat_tx(srtp_policy_t policy, bool allow)
{
	if (!policy)
	{
		return srtp_err_status_bad_param;
	}

	policy->v2.allow_repeat_tx = allow ? 1 : 0;

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_policy_set_window_size(srtp_policy_t policy, size_t size)
{
	if (!policy || (size != 0 && (size < 64 || size >= 0x8000)))
	{
		return srtp_err_status_bad_param;
	}

	policy->v2.window_size = static_cast<unsigned long>(size);

	return srtp_err_status_ok;
}

inline srtp_err_status_t srtp_create(srtp_t* session, srtp_policy_t policy)
{
	// libsrtp 2 reads as many key bytes as the cipher wants, so check first.
	if (
	  !session || !policy || policy->profile == srtp_profile_reserved ||
	  policy->keyLen != srtp_profile_get_master_key_length(policy->profile) +
	                      srtp_profile_get_master_salt_length(policy->profile))
	{
		return srtp_err_status_bad_param;
	}

	return srtp_create(session, static_cast<const srtp2_policy_t*>(&policy->v2));
}

// SSRC in network byte order, which is how libsrtp 2.5 looks it up and what the
// worker passes.
inline srtp_err_status_t srtp_stream_remove(srtp_t session, uint32_t ssrc)
{
	return srtp_remove_stream(session, ssrc);
}

namespace srtp3_shim
{
	using Fn = srtp_err_status_t (*)(srtp_t, void*, int*);

	// libsrtp 2 works in place with an int length: copy, then transform. `growth`
	// is the most the call may append, which libsrtp 2 itself does not check.
	inline srtp_err_status_t apply(
	  Fn fn, srtp_t ctx, const uint8_t* in, size_t inLen, uint8_t* out, size_t* outLen, size_t growth)
	{
		if (!ctx || !in || !out || !outLen || inLen > static_cast<size_t>(INT_MAX) - growth)
		{
			return srtp_err_status_bad_param;
		}

		if (*outLen < inLen + growth)
		{
			return srtp_err_status_buffer_small;
		}

		if (out != in)
		{
			std::memmove(out, in, inLen);
		}

		int len                     = static_cast<int>(inLen);
		const srtp_err_status_t err = fn(ctx, out, &len);

		if (err == srtp_err_status_ok)
		{
			*outLen = static_cast<size_t>(len);
		}

		return err;
	}
} // namespace srtp3_shim

// No MKI is ever configured, so the MKI index must be 0 and the trailer is the
// auth tag alone (plus the 4-byte index for SRTCP).
inline srtp_err_status_t srtp_protect(
  srtp_t ctx, const uint8_t* rtp, size_t rtpLen, uint8_t* srtp, size_t* srtpLen, size_t mkiIndex)
{
	if (mkiIndex != 0)
	{
		return srtp_err_status_bad_mki;
	}

	return srtp3_shim::apply(
	  static_cast<srtp3_shim::Fn>(::srtp_protect), ctx, rtp, rtpLen, srtp, srtpLen, SRTP_MAX_TAG_LEN);
}

inline srtp_err_status_t srtp_unprotect(
  srtp_t ctx, const uint8_t* srtp, size_t srtpLen, uint8_t* rtp, size_t* rtpLen)
{
	return srtp3_shim::apply(
	  static_cast<srtp3_shim::Fn>(::srtp_unprotect), ctx, srtp, srtpLen, rtp, rtpLen, 0);
}

inline srtp_err_status_t srtp_protect_rtcp(
  srtp_t ctx, const uint8_t* rtcp, size_t rtcpLen, uint8_t* srtcp, size_t* srtcpLen, size_t mkiIndex)
{
	if (mkiIndex != 0)
	{
		return srtp_err_status_bad_mki;
	}

	return srtp3_shim::apply(
	  static_cast<srtp3_shim::Fn>(::srtp_protect_rtcp),
	  ctx,
	  rtcp,
	  rtcpLen,
	  srtcp,
	  srtcpLen,
	  SRTP_MAX_TAG_LEN + 4);
}

inline srtp_err_status_t srtp_unprotect_rtcp(
  srtp_t ctx, const uint8_t* srtcp, size_t srtcpLen, uint8_t* rtcp, size_t* rtcpLen)
{
	return srtp3_shim::apply(
	  static_cast<srtp3_shim::Fn>(::srtp_unprotect_rtcp), ctx, srtcp, srtcpLen, rtcp, rtcpLen, 0);
}

// unsupported.h: errors.ErrUnsupported: what was asked for is not to be had here, whatever the input.
#pragma once

#include "runtime/errors/errors.h"

namespace golab::errors {

// Not returned itself: errors::Is finds it in errors of packages, such as http::ErrNotSupported.
inline const error ErrUnsupported = New("unsupported operation");

}  // namespace golab::errors

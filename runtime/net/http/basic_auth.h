// basic_auth.h: a user and a password as the value of an Authorization field.
#pragma once

#include <string>
#include <string_view>

#include "runtime/net/http/http.h"

namespace golab::net::http {

std::string basicAuth(std::string_view username, std::string_view password);  // "Basic ..."

}  // namespace golab::net::http

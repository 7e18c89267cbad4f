// The compiled half of Asio and Beast, once for the whole program. Every other translation unit
// sees declarations only (BOOST_ASIO_SEPARATE_COMPILATION), which saves seconds in each.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>

# Installs from Debian's packages; sourced. usage: need WHAT_FOR PACKAGE...
need() {
  local what=$1 root=()
  shift
  refuse() {
    echo "$what needs $*, and $why. Install with: apt-get install $*" >&2
    exit 1
  }
  local why="installing needs root"
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || refuse "$@"
    root=(sudo -n)
  fi
  why="this machine has no apt-get"
  command -v apt-get >/dev/null || refuse "$@"
  why="apt-get could not install it"
  echo "Installing $* from Debian's packages"
  export DEBIAN_FRONTEND=noninteractive
  { "${root[@]}" apt-get -qq update &&
    "${root[@]}" apt-get -qq install -y --no-install-recommends "$@" >/dev/null; } || refuse "$@"
}

#!/bin/sh
# Unpacks Neovim 0.12, or Vim where $2 is "vim", from Debian testing into the folder $1, beside the system and without
# touching it: Debian 12 itself has older ones. Its libraries come along, and the program is told to use them. Needs apt,
# dpkg-deb and patchelf.
set -eu
target=$1
case ${2:-neovim} in
  neovim) package=neovim program=nvim binary=nvim runtime=usr/share/nvim/runtime ;;
  vim) package=vim program=vim binary=vim.basic runtime='usr/share/vim/vim[0-9]*' ;;
  *) echo "Neovim or Vim, not $2" >&2; exit 2 ;;
esac
suite=forky
mirror=$(grep -rhoE 'https?://[^ ]+/debian/?' /etc/apt/sources.list /etc/apt/sources.list.d 2>/dev/null \
  | grep -v -e security -e snapshot | head -n 1)
mirror=${mirror:-http://deb.debian.org/debian/}

rm -rf "$target"
mkdir -p "$target/lists/partial" "$target/cache/archives/partial" "$target/root"
: > "$target/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > "$target/sources.list"
# An apt of its own: no installed packages, no other sources.
cat > "$target/apt.conf" <<END
Dir::Etc::SourceList "$target/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::State::Lists "$target/lists";
Dir::State::status "$target/status";
Dir::Cache "$target/cache";
Debug::NoLocking "true";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
END
export APT_CONFIG="$target/apt.conf"
apt-get -qq update
apt-get -qq install --yes --download-only "$package"
for package in "$target"/cache/archives/*.deb; do
  dpkg-deb --extract "$package" "$target/root"
done
rm -rf "$target/cache" "$target/lists"

for folder in lib lib64; do
  [ -e "$target/root/$folder" ] || ln -s "usr/$folder" "$target/root/$folder"
done
triplet=$(uname -m)-linux-gnu
loader=$(find "$target/root/usr" -name 'ld-linux-*.so.*' | head -n 1)
mkdir -p "$target/bin"
cp "$target/root/usr/bin/$binary" "$target/bin/$program.real"
patchelf --set-interpreter "$loader" --force-rpath --set-rpath "$target/root/usr/lib/$triplet" "$target/bin/$program.real"
runtime=$(cd "$target/root" && find $runtime -maxdepth 0)
cat > "$target/bin/$program" <<END
#!/bin/sh
VIMRUNTIME="$target/root/$runtime" exec "$target/bin/$program.real" "\$@"
END
chmod +x "$target/bin/$program"
"$target/bin/$program" --version | head -n 1

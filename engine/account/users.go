package account

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// epochLength is in characters of 5 bits.
const epochLength = 16

// Add makes a user. An empty password makes one that can only come with a personal access token.
func (s *Store) Add(ctx context.Context, name, password string, grants Grants) (*User, error) {
	name, err := checkName(name)
	if err != nil {
		return nil, err
	}
	if err := grants.Validate(); err != nil {
		return nil, err
	}
	hash := ""
	if password != "" {
		if hash, err = s.newHash(ctx, name, password); err != nil {
			return nil, err
		}
	}
	added := &record{
		ID: randomText(epochLength), Name: name, Grants: grants.tidy(), Password: hash, Epoch: randomText(epochLength),
		CreatedAt: s.now().UTC().Truncate(time.Second),
	}
	err = s.editUsers(func(file *usersFile) (bool, error) {
		if file.named(name) != nil {
			return false, fmt.Errorf("user %s exists already; change it with engine user grant or engine user password", name)
		}
		file.Users = append(file.Users, added)
		slices.SortFunc(file.Users, func(a, b *record) int { return strings.Compare(a.Name, b.Name) })
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return added.user(), nil
}

func (s *Store) newHash(ctx context.Context, name, password string) (string, error) {
	if err := checkPassword(name, password); err != nil {
		return "", err
	}
	return s.hasher.encode(ctx, password)
}

// Grant lets a user see more, and returns it as it is then.
func (s *Store) Grant(name string, more Grants) (*User, error) {
	if err := more.Validate(); err != nil {
		return nil, err
	}
	return s.regrant(name, func(have Grants) Grants { return have.with(more) })
}

// Revoke takes grants away, and returns the user as it is then. It is no error when there were none of these.
func (s *Store) Revoke(name string, less Grants) (*User, error) {
	return s.regrant(name, func(have Grants) Grants { return have.without(less) })
}

func (s *Store) regrant(name string, change func(Grants) Grants) (user *User, err error) {
	err = s.editUser(name, func(r *record) error {
		r.Grants = change(r.Grants)
		user = r.user()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return user, nil
}

// SetPassword gives a user another password and ends all its sessions; tokens stay.
func (s *Store) SetPassword(ctx context.Context, name, password string) error {
	if _, err := s.Named(name); err != nil { // before the work of a hash
		return err
	}
	normal, _ := normalName(name)
	hash, err := s.newHash(ctx, normal, password)
	if err != nil {
		return err
	}
	return s.editUser(name, func(user *record) error {
		user.Password, user.Epoch = hash, randomText(epochLength)
		return nil
	})
}

// Remove removes a user with its tokens and ends all its sessions.
func (s *Store) Remove(name string) error {
	return s.editUsers(func(file *usersFile) (bool, error) {
		user, err := file.mustNamed(name)
		if err != nil {
			return false, err
		}
		file.Users = slices.DeleteFunc(file.Users, func(r *record) bool { return r == user })
		return true, nil
	})
}

// List returns all users by name.
func (s *Store) List() ([]User, error) {
	users, err := s.users()
	if err != nil {
		return nil, err
	}
	all := make([]User, len(users.file.Users))
	for i, user := range users.file.Users {
		all[i] = *user.user()
	}
	return all, nil
}

// Named returns the user of this name. The error wraps ErrUnknownUser where there is none.
func (s *Store) Named(name string) (*User, error) {
	users, err := s.users()
	if err != nil {
		return nil, err
	}
	found, err := users.file.mustNamed(name)
	if err != nil {
		return nil, err
	}
	return found.user(), nil
}

// User returns the user of this ID as it is now, to see whether whom a URL was given to may still see it.
func (s *Store) User(id string) (*User, bool) {
	users, err := s.users()
	if err != nil {
		return nil, false
	}
	user, ok := users.byID[id]
	if !ok {
		return nil, false
	}
	return user.user(), true
}

// Revision is a text that changes whenever users or their grants change, and not with passwords, tokens
// or log-ins: a part of the keys of caches. It is empty while the users cannot be read.
func (s *Store) Revision() string {
	users, err := s.users()
	if err != nil {
		return ""
	}
	return users.revision
}

// editUser changes one user in the file.
func (s *Store) editUser(name string, edit func(*record) error) error {
	return s.editUsers(func(file *usersFile) (bool, error) {
		user, err := file.mustNamed(name)
		if err != nil {
			return false, err
		}
		return true, edit(user)
	})
}
